-- thumbexif_attach and thumbexif_detach: creating, mapping, refusing, attaching again.
\set VERBOSITY default
SET client_min_messages = warning;
CREATE SCHEMA attach;
CREATE ROLE attach_owner;
CREATE ROLE attach_other;
GRANT CREATE, USAGE ON SCHEMA attach TO attach_owner, attach_other;
GRANT EXECUTE ON FUNCTION thumbexif_attach, thumbexif_detach TO attach_owner, attach_other;

-- What thumbexif knows of a table.
CREATE FUNCTION attach.mapping(regclass) RETURNS TABLE (column_name text, mapped_to text)
LANGUAGE sql AS
$$
	SELECT key, value FROM thumbexif_internal.thumbexif_attachment a, jsonb_each_text(to_jsonb(a))
	WHERE a.relation = $1 AND key LIKE '%\_column' AND value IS NOT NULL
	ORDER BY key COLLATE "C"
$$;
CREATE VIEW attach.state AS
	SELECT relation, id::text AS id, status, attempts, file
	FROM (SELECT attachment, id::text, status, attempts, file FROM thumbexif_internal.thumbexif_asset_bigint
		UNION ALL SELECT attachment, id::text, status, attempts, file FROM thumbexif_internal.thumbexif_asset_uuid) s
		JOIN thumbexif_internal.thumbexif_attachment USING (attachment) ORDER BY relation::text COLLATE "C", id COLLATE "C";

-- It creates the table, for the caller, where the caller's search_path says, as no part of the extension.
SET client_min_messages = notice;
SET ROLE attach_owner;
SET search_path = attach;
SELECT public.thumbexif_attach();
RESET search_path;
RESET ROLE;
SET client_min_messages = warning;
\d attach.image_assets
SELECT relowner::regrole FROM pg_class WHERE oid = 'attach.image_assets'::regclass;
SELECT count(*) FROM pg_depend WHERE objid = 'attach.image_assets'::regclass AND deptype = 'e';
SELECT * FROM attach.mapping('attach.image_assets');
SELECT tgname, t.deptype FROM pg_trigger g JOIN pg_depend t ON t.classid = 'pg_trigger'::regclass AND t.objid = g.oid
	AND t.refclassid = 'pg_extension'::regclass WHERE tgrelid = 'attach.image_assets'::regclass ORDER BY 1;

-- Only the owner may do it to a table that exists, and may undo it.
SET ROLE attach_other;
SELECT thumbexif_attach('attach.image_assets');
SELECT thumbexif_detach();
SET ROLE attach_owner;
SELECT thumbexif_detach();
SELECT thumbexif_detach('attach.image_assets');
RESET ROLE;
SELECT count(*) FROM pg_trigger WHERE tgrelid = 'attach.image_assets'::regclass;
DROP TABLE attach.image_assets;

-- A table that is created has the columns that are asked for.
SELECT thumbexif_attach('attach."Odd ""name"', id => 'Key', path => 'File "name"', width => '', height => '', exif_metadata => '', taken_at => 'When', create_table => true);
\d attach."Odd ""name"
INSERT INTO attach."Odd ""name" ("File ""name""") VALUES ('a'), ('b');
UPDATE attach."Odd ""name" SET "Key" = 7 WHERE "Key" = 2;
SELECT * FROM attach.state;
DROP TABLE attach."Odd ""name";
SELECT count(*) FROM attach.state;

-- Mapping an existing table: standard names where they are, other names where they are given, '' for none.  The NOTICE says so.
CREATE TABLE attach.photo (photo_id uuid PRIMARY KEY DEFAULT gen_random_uuid(), filename varchar(200), thumb varchar(300),
	width bigint, height integer, exif_metadata jsonb, camera_make varchar(10), extra text);
INSERT INTO attach.photo (filename) VALUES ('old');
SET client_min_messages = notice;
SELECT thumbexif_attach('attach.photo', id => 'photo_id', path => 'filename', thumbnail_path => 'thumb', exif_metadata => '');
SELECT thumbexif_attach('attach.photo');
SET client_min_messages = warning;
SELECT * FROM attach.mapping('attach.photo');
SELECT * FROM thumbexif_tables;
DELETE FROM attach.photo;

-- Columns with the names of facts are the user's, until they are named or all are asked for.
CREATE TABLE attach.facts (id bigint PRIMARY KEY, path text, title text, rating text, iso integer, keywords text[], orientation smallint);
SET client_min_messages = notice;
SELECT thumbexif_attach('attach.facts');
SELECT thumbexif_attach('attach.facts', rating => 'iso', title => '');
SELECT thumbexif_attach('attach.facts', rating => '', facts => true);
SET client_min_messages = warning;
SELECT columns, not_written FROM thumbexif_tables WHERE relation = 'attach.facts'::regclass;
SELECT thumbexif_attach('attach.facts', rating => 'rating');
SELECT thumbexif_attach('attach.facts', lens => 'title', description => 'title');
SELECT thumbexif_attach('attach.facts', picture_hash => 'id');
DROP TABLE attach.facts;

-- Attaching again changes the mapping and keeps what is not named, and the state; EXIF is to be read again for a new column.
INSERT INTO attach.photo (photo_id, filename) VALUES ('00000000-0000-0000-0000-000000000001', 'x');
UPDATE thumbexif_internal.thumbexif_asset_uuid SET status = 'done', attempts = 2, exif_settings = 'UTC gps';
SELECT thumbexif_attach('attach.photo', camera_make => '');
SELECT exif_settings, status, attempts FROM thumbexif_internal.thumbexif_asset_uuid;
SELECT thumbexif_attach('attach.photo', camera_make => 'camera_make', exif_metadata => 'exif_metadata');
SELECT exif_settings, status, attempts FROM thumbexif_internal.thumbexif_asset_uuid;
SELECT * FROM attach.mapping('attach.photo');

-- A renamed column has gone, until the table is attached again.
ALTER TABLE attach.photo RENAME filename TO file_name;
INSERT INTO attach.photo (photo_id, file_name) VALUES ('00000000-0000-0000-0000-000000000002', 'y');
SELECT * FROM attach.state;
SELECT thumbexif_attach('attach.photo', 'photo_id', 'file_name', 'thumb');
INSERT INTO attach.photo (photo_id, file_name) VALUES ('00000000-0000-0000-0000-000000000003', 'z');
ALTER TABLE attach.photo RENAME photo_id TO id;
SELECT thumbexif_attach('attach.photo', path => 'file_name', thumbnail_path => 'thumb');
DELETE FROM attach.photo WHERE file_name = 'z';
SELECT * FROM attach.state;

-- Types of key and path can be changed, with a detour.
CREATE TABLE attach.types (id integer PRIMARY KEY, path varchar(10));
SELECT thumbexif_attach('attach.types');
INSERT INTO attach.types VALUES (1, 'a');
ALTER TABLE attach.types ALTER id TYPE bigint;
DROP TRIGGER thumbexif_update ON attach.types;
ALTER TABLE attach.types ALTER id TYPE bigint, ALTER path TYPE text;
SELECT thumbexif_attach('attach.types');
INSERT INTO attach.types VALUES (5000000000, 'b');
UPDATE attach.types SET id = 5000000001 WHERE id = 1;
SELECT id, status FROM attach.state WHERE relation = 'attach.types'::regclass;
DROP TABLE attach.types;

-- The key, and the column of thumbnails that were made, cannot be exchanged for others.
ALTER TABLE attach.photo ADD number bigint UNIQUE NOT NULL GENERATED BY DEFAULT AS IDENTITY, ADD thumb2 text;
SELECT thumbexif_attach('attach.photo', 'number', 'file_name', 'thumb');
SELECT thumbexif_attach('attach.photo', path => 'file_name', thumbnail_path => 'thumb2');
UPDATE thumbexif_internal.thumbexif_asset_uuid SET file = 'aa/bb/x';
SELECT thumbexif_attach('attach.photo', path => 'file_name', thumbnail_path => 'thumb');
SELECT thumbexif_attach('attach.photo', path => 'file_name', thumbnail_path => '');
-- detached, it can
SELECT thumbexif_detach('attach.photo');
SELECT count(*) AS left_for_removal FROM thumbexif_internal.thumbexif_removal;
SELECT count(*) AS states FROM thumbexif_internal.thumbexif_asset;
SELECT thumbexif_attach('attach.photo', 'number', 'file_name', 'thumb');
DROP TABLE attach.photo;

-- What cannot be attached.
CREATE TABLE attach.plain (id integer PRIMARY KEY, path text, other integer, no_key integer NOT NULL,
	partial integer NOT NULL, two integer NOT NULL, late integer NOT NULL, expression integer NOT NULL,
	nullable integer UNIQUE, small smallint NOT NULL UNIQUE, word text NOT NULL UNIQUE, big numeric NOT NULL UNIQUE, padded char(9) NOT NULL UNIQUE,
	generated text GENERATED ALWAYS AS ('x') STORED, taken_at date, place point, short varchar(60),
	UNIQUE (late) DEFERRABLE, UNIQUE (two, partial));
CREATE UNIQUE INDEX ON attach.plain (partial) WHERE partial > 0;
CREATE UNIQUE INDEX ON attach.plain ((expression + 1));
CREATE DOMAIN attach.number AS numeric;
CREATE TABLE attach.domains (id attach.number PRIMARY KEY, path text);
CREATE TABLE attach.parted (id integer PRIMARY KEY, path text) PARTITION BY RANGE (id);
CREATE TABLE attach.part PARTITION OF attach.parted DEFAULT;
CREATE TABLE attach.parent (id integer PRIMARY KEY, path text);
CREATE TABLE attach.child (PRIMARY KEY (id)) INHERITS (attach.parent);
CREATE UNLOGGED TABLE attach.unlogged (id integer PRIMARY KEY, path text);
CREATE TEMPORARY TABLE temporary (id integer PRIMARY KEY, path text);
CREATE VIEW attach.view AS SELECT 1 AS id, 'x' AS path;
CREATE SEQUENCE attach.seq;
DO $$
DECLARE
	call text; message text; hint text; state text;
BEGIN
	FOREACH call IN ARRAY ARRAY[
		'attach.part', 'attach.parent', 'attach.child', 'attach.unlogged', 'temporary', 'attach.view', 'attach.seq',
		'pg_catalog.pg_class', 'attach.domains', 'no_schema.photos',
		'attach.plain'', taken_at => ''taken_at', 'attach.plain', 'attach.plain'', taken_at => '''', path => ''absent',
		'attach.plain'', taken_at => '''', path => ''', 'attach.plain'', taken_at => '''', path => ''other',
		'attach.plain'', taken_at => '''', path => ''ctid',
		'attach.plain'', taken_at => '''', path => ''generated', 'attach.plain'', taken_at => '''', width => ''word',
		'attach.plain'', taken_at => '''', exif_metadata => ''word', 'photo', 'attach.plain'', taken_at => '''', thumbnail_path => ''short', 'attach.plain'', taken_at => '''', gps_latitude => ''place',
		'attach.plain'', taken_at => '''', thumbnail_path => ''path', 'attach.plain'', taken_at => '''', width => ''other'', height => ''other',
		'attach.plain'', taken_at => '''', id => ''no_key', 'attach.plain'', taken_at => '''', id => ''partial',
		'attach.plain'', taken_at => '''', id => ''two', 'attach.plain'', taken_at => '''', id => ''late',
		'attach.plain'', taken_at => '''', id => ''expression', 'attach.plain'', taken_at => '''', id => ''nullable',
		'attach.plain'', taken_at => '''', id => ''padded', 'attach.plain'', taken_at => '''', id => ''big']
	LOOP
		BEGIN
			EXECUTE format('SELECT thumbexif_attach(''%s'')', call);
			RAISE WARNING '% was attached', call;
		EXCEPTION WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT, state = RETURNED_SQLSTATE;
			RAISE WARNING '% % (%)', state, message, hint;
		END;
	END LOOP;
END
$$;
SELECT thumbexif_attach(NULL);
SELECT thumbexif_attach('');
SELECT thumbexif_attach('attach.My Photos');
SELECT thumbexif_attach('attach.Photo');
SELECT count(*) FROM thumbexif_internal.thumbexif_attachment;

-- What can: smallint keys, a unique index that carries other columns, no column that is written.
CREATE TABLE attach.least (k smallint NOT NULL, path text, extra text);
CREATE UNIQUE INDEX ON attach.least (k) INCLUDE (extra);
SELECT thumbexif_attach('attach.least', 'k');
SELECT * FROM attach.mapping('attach.least');

-- A trigger of the user's own that has our name is not replaced.
CREATE FUNCTION attach.nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TABLE attach.own (id bigint PRIMARY KEY, path text);
CREATE TRIGGER thumbexif_delete AFTER DELETE ON attach.own EXECUTE FUNCTION attach.nothing();
SELECT thumbexif_attach('attach.own');

-- Several tables: which one must be said.  Nobody else may use the trigger function.
SELECT thumbexif_attach('attach.other', create_table => true);
SELECT thumbexif_detach();
SET ROLE attach_owner;
CREATE TRIGGER mine AFTER TRUNCATE ON attach.other EXECUTE FUNCTION thumbexif_internal.thumbexif_track();
CREATE TABLE attach.mine (id bigint PRIMARY KEY, path text);
CREATE TRIGGER mine AFTER TRUNCATE ON attach.mine EXECUTE FUNCTION thumbexif_internal.thumbexif_track();
RESET ROLE;
SELECT thumbexif_detach('attach.own');
SELECT thumbexif_detach('attach.other');
SELECT thumbexif_detach();
SELECT thumbexif_detach();
SELECT count(*) FROM thumbexif_internal.thumbexif_attachment;

-- A table is forgotten when it is dropped, whoever drops it and by whatever command.
CREATE SCHEMA attach_schema AUTHORIZATION attach_owner;
SET ROLE attach_owner;
SELECT thumbexif_attach('attach_schema.photos', create_table => true);
INSERT INTO attach_schema.photos (path) VALUES ('a'), ('b');
SELECT thumbexif_attach('attach.photos', create_table => true);
INSERT INTO attach.photos (path) VALUES ('a');
RESET ROLE;
UPDATE thumbexif_internal.thumbexif_asset_bigint SET file = 'aa/bb/' || id;
DELETE FROM thumbexif_internal.thumbexif_dropped;
SELECT relation, count(*) FROM attach.state GROUP BY relation ORDER BY relation::text;
SET ROLE attach_owner;
BEGIN;
DROP TABLE attach.photos;
ROLLBACK;
SET ROLE NONE;
SELECT relation, count(*) FROM attach.state GROUP BY relation ORDER BY relation::text;
SET ROLE attach_owner;
DROP TABLE attach.photos;
SET client_min_messages = error;
DROP SCHEMA attach_schema CASCADE;
RESET ROLE;
SELECT count(*) AS attachments FROM thumbexif_internal.thumbexif_attachment;
SELECT count(*) AS states FROM thumbexif_internal.thumbexif_asset;
SELECT count(*) AS files_to_remove FROM thumbexif_internal.thumbexif_removal;
SELECT count(*) AS folders_to_empty FROM thumbexif_internal.thumbexif_dropped;
DELETE FROM thumbexif_internal.thumbexif_removal;
DELETE FROM thumbexif_internal.thumbexif_dropped;

-- Everybody reads what is known of tables that it owns or may read, and nothing of others.
SET ROLE attach_owner;
SELECT thumbexif_attach('attach.mine');
CREATE TABLE attach.photo (id bigint PRIMARY KEY, path text);
RESET ROLE;
SELECT thumbexif_attach('attach.least', 'k');
SET ROLE attach_owner;
SELECT * FROM thumbexif_tables;
SET ROLE attach_other;
SELECT * FROM thumbexif_tables;
RESET ROLE;
GRANT SELECT ON attach.least TO attach_other;
SET ROLE attach_other;
SELECT relation FROM thumbexif_tables;
RESET ROLE;

REVOKE EXECUTE ON FUNCTION thumbexif_attach, thumbexif_detach FROM attach_owner, attach_other;
DROP SCHEMA attach CASCADE;
DROP OWNED BY attach_owner;
DROP ROLE attach_owner, attach_other;
