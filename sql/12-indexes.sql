-- The queue, as the background worker reads it: assets that were not tried yet, newest first (within a transaction by
-- key); assets to be tried or checked again at a certain time; and claimed assets, some of whose owners may have died.
-- An INSERT into a user's table writes only to the first index.
CREATE INDEX thumbexif_asset_bigint_fresh ON thumbexif_internal.thumbexif_asset_bigint (attachment, next_try, id)
    WHERE status OPERATOR(pg_catalog.=) 'queued'::thumbexif_internal.thumbexif_asset_status AND attempts OPERATOR(pg_catalog.=) 0;
CREATE INDEX thumbexif_asset_bigint_again ON thumbexif_internal.thumbexif_asset_bigint (attachment, next_try)
    WHERE status OPERATOR(pg_catalog.=) 'missing'::thumbexif_internal.thumbexif_asset_status OR (status OPERATOR(pg_catalog.=) 'queued'::thumbexif_internal.thumbexif_asset_status AND attempts OPERATOR(pg_catalog.>) 0);
CREATE INDEX thumbexif_asset_bigint_running ON thumbexif_internal.thumbexif_asset_bigint (attachment, claim)
    WHERE status OPERATOR(pg_catalog.=) 'running'::thumbexif_internal.thumbexif_asset_status;
COMMENT ON INDEX thumbexif_internal.thumbexif_asset_bigint_fresh IS 'queued assets that have not been tried yet';
COMMENT ON INDEX thumbexif_internal.thumbexif_asset_bigint_again IS 'assets to be tried or checked again';
COMMENT ON INDEX thumbexif_internal.thumbexif_asset_bigint_running IS 'claimed assets';

CREATE INDEX thumbexif_asset_uuid_fresh ON thumbexif_internal.thumbexif_asset_uuid (attachment, next_try, id)
    WHERE status OPERATOR(pg_catalog.=) 'queued'::thumbexif_internal.thumbexif_asset_status AND attempts OPERATOR(pg_catalog.=) 0;
CREATE INDEX thumbexif_asset_uuid_again ON thumbexif_internal.thumbexif_asset_uuid (attachment, next_try)
    WHERE status OPERATOR(pg_catalog.=) 'missing'::thumbexif_internal.thumbexif_asset_status OR (status OPERATOR(pg_catalog.=) 'queued'::thumbexif_internal.thumbexif_asset_status AND attempts OPERATOR(pg_catalog.>) 0);
CREATE INDEX thumbexif_asset_uuid_running ON thumbexif_internal.thumbexif_asset_uuid (attachment, claim)
    WHERE status OPERATOR(pg_catalog.=) 'running'::thumbexif_internal.thumbexif_asset_status;
COMMENT ON INDEX thumbexif_internal.thumbexif_asset_uuid_fresh IS 'queued assets that have not been tried yet';
COMMENT ON INDEX thumbexif_internal.thumbexif_asset_uuid_again IS 'assets to be tried or checked again';
COMMENT ON INDEX thumbexif_internal.thumbexif_asset_uuid_running IS 'claimed assets';

CREATE INDEX thumbexif_asset_text_fresh ON thumbexif_internal.thumbexif_asset_text (attachment, next_try, id)
    WHERE status OPERATOR(pg_catalog.=) 'queued'::thumbexif_internal.thumbexif_asset_status AND attempts OPERATOR(pg_catalog.=) 0;
CREATE INDEX thumbexif_asset_text_again ON thumbexif_internal.thumbexif_asset_text (attachment, next_try)
    WHERE status OPERATOR(pg_catalog.=) 'missing'::thumbexif_internal.thumbexif_asset_status OR (status OPERATOR(pg_catalog.=) 'queued'::thumbexif_internal.thumbexif_asset_status AND attempts OPERATOR(pg_catalog.>) 0);
CREATE INDEX thumbexif_asset_text_running ON thumbexif_internal.thumbexif_asset_text (attachment, claim)
    WHERE status OPERATOR(pg_catalog.=) 'running'::thumbexif_internal.thumbexif_asset_status;
COMMENT ON INDEX thumbexif_internal.thumbexif_asset_text_fresh IS 'queued assets that have not been tried yet';
COMMENT ON INDEX thumbexif_internal.thumbexif_asset_text_again IS 'assets to be tried or checked again';
COMMENT ON INDEX thumbexif_internal.thumbexif_asset_text_running IS 'claimed assets';
