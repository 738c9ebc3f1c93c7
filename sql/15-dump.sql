-- What pg_dump includes: everything about tables that exist.

SELECT pg_catalog.pg_extension_config_dump('thumbexif_internal.thumbexif_attachment'::pg_catalog.regclass,
    'WHERE EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) relation)'::pg_catalog.text);
SELECT pg_catalog.pg_extension_config_dump('thumbexif_internal.thumbexif_attachment_seq'::pg_catalog.regclass, ''::pg_catalog.text);
SELECT pg_catalog.pg_extension_config_dump('thumbexif_internal.thumbexif_asset_bigint'::pg_catalog.regclass,
    'WHERE EXISTS (SELECT FROM thumbexif_internal.thumbexif_attachment a JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) a.relation'
    ' WHERE a.attachment OPERATOR(pg_catalog.=) thumbexif_asset_bigint.attachment)'::pg_catalog.text);
SELECT pg_catalog.pg_extension_config_dump('thumbexif_internal.thumbexif_asset_uuid'::pg_catalog.regclass,
    'WHERE EXISTS (SELECT FROM thumbexif_internal.thumbexif_attachment a JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) a.relation'
    ' WHERE a.attachment OPERATOR(pg_catalog.=) thumbexif_asset_uuid.attachment)'::pg_catalog.text);
SELECT pg_catalog.pg_extension_config_dump('thumbexif_internal.thumbexif_asset_text'::pg_catalog.regclass,
    'WHERE EXISTS (SELECT FROM thumbexif_internal.thumbexif_attachment a JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) a.relation'
    ' WHERE a.attachment OPERATOR(pg_catalog.=) thumbexif_asset_text.attachment)'::pg_catalog.text);
SELECT pg_catalog.pg_extension_config_dump('thumbexif_internal.thumbexif_thumbnail_bigint'::pg_catalog.regclass,
    'WHERE EXISTS (SELECT FROM thumbexif_internal.thumbexif_attachment a JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) a.relation'
    ' WHERE a.attachment OPERATOR(pg_catalog.=) thumbexif_thumbnail_bigint.attachment)'::pg_catalog.text);
SELECT pg_catalog.pg_extension_config_dump('thumbexif_internal.thumbexif_thumbnail_uuid'::pg_catalog.regclass,
    'WHERE EXISTS (SELECT FROM thumbexif_internal.thumbexif_attachment a JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) a.relation'
    ' WHERE a.attachment OPERATOR(pg_catalog.=) thumbexif_thumbnail_uuid.attachment)'::pg_catalog.text);
SELECT pg_catalog.pg_extension_config_dump('thumbexif_internal.thumbexif_thumbnail_text'::pg_catalog.regclass,
    'WHERE EXISTS (SELECT FROM thumbexif_internal.thumbexif_attachment a JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) a.relation'
    ' WHERE a.attachment OPERATOR(pg_catalog.=) thumbexif_thumbnail_text.attachment)'::pg_catalog.text);
SELECT pg_catalog.pg_extension_config_dump('thumbexif_internal.thumbexif_inserted_range'::pg_catalog.regclass,
    'WHERE EXISTS (SELECT FROM thumbexif_internal.thumbexif_attachment a JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) a.relation'
    ' WHERE a.attachment OPERATOR(pg_catalog.=) thumbexif_inserted_range.attachment)'::pg_catalog.text);
SELECT pg_catalog.pg_extension_config_dump('thumbexif_internal.thumbexif_inserted_range_number_seq'::pg_catalog.regclass, ''::pg_catalog.text);
SELECT pg_catalog.pg_extension_config_dump('thumbexif_internal.thumbexif_claim_seq'::pg_catalog.regclass, ''::pg_catalog.text);
SELECT pg_catalog.pg_extension_config_dump('thumbexif_internal.thumbexif_removal'::pg_catalog.regclass, ''::pg_catalog.text);
SELECT pg_catalog.pg_extension_config_dump('thumbexif_internal.thumbexif_removal_removal_seq'::pg_catalog.regclass, ''::pg_catalog.text);
SELECT pg_catalog.pg_extension_config_dump('thumbexif_internal.thumbexif_dropped'::pg_catalog.regclass, ''::pg_catalog.text);
SELECT pg_catalog.pg_extension_config_dump('thumbexif_internal.thumbexif_released'::pg_catalog.regclass,
    'WHERE EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) relation)'::pg_catalog.text);

-- The owner of the database may run pg_dump, which reads paths, states and errors of all attached tables.
GRANT USAGE ON SCHEMA thumbexif_internal TO pg_database_owner;
GRANT SELECT ON thumbexif_internal.thumbexif_attachment, thumbexif_internal.thumbexif_attachment_seq,
    thumbexif_internal.thumbexif_asset, thumbexif_internal.thumbexif_asset_bigint, thumbexif_internal.thumbexif_asset_uuid,
    thumbexif_internal.thumbexif_asset_text, thumbexif_internal.thumbexif_thumbnail, thumbexif_internal.thumbexif_thumbnail_bigint,
    thumbexif_internal.thumbexif_thumbnail_uuid, thumbexif_internal.thumbexif_thumbnail_text, thumbexif_internal.thumbexif_inserted_range, thumbexif_internal.thumbexif_inserted_range_number_seq,
    thumbexif_internal.thumbexif_claim_seq, thumbexif_internal.thumbexif_removal,
    thumbexif_internal.thumbexif_removal_removal_seq, thumbexif_internal.thumbexif_dropped, thumbexif_internal.thumbexif_released
    TO pg_database_owner;
