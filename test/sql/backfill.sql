-- CALL thumbexif_backfill(): everything that lacks something.
SET timezone = 'UTC';
SET datestyle = 'ISO';
\set VERBOSITY terse
SELECT thumbexif_attach('shots', create_table => true);
INSERT INTO shots (id, path) SELECT row_number() OVER (), f FROM unnest(ARRAY['photo.jpg', 'photo.png', 'photo.gif', 'alpha.png',
	'corrupt.jpg', 'nowhere.jpg', 'text.jpg', 'orientation-3.jpg', 'orientation-4.jpg', 'orientation-5.jpg']) f;

-- the words of libraries vary
SET client_min_messages = error;

-- a dry run decodes, claims nothing, writes nothing
CALL thumbexif_backfill(dry_run => true);
SELECT count(*) FILTER (WHERE width IS NOT NULL) AS written FROM shots;
SELECT status, count(*) FROM thumbexif_internal.thumbexif_asset GROUP BY 1;

-- with a limit, then the rest
CALL thumbexif_backfill(3, 2);
SELECT id FROM shots WHERE width IS NOT NULL ORDER BY id;
CALL thumbexif_backfill();
SELECT id, s.status, attempts, split_part(s.error, ':', 1) AS error, s.exif_error IS NOT NULL AS exif_error, claim, claimed_from, thumbnail_path IS NOT NULL AS thumbnail, width, height
	FROM shots JOIN thumbexif_internal.thumbexif_asset_bigint s USING (id) ORDER BY id;
-- once more: nothing to do
RESET client_min_messages;
CALL thumbexif_backfill();

SET client_min_messages = error;
-- the parts one by one: EXIF alone leaves the rest to do
TRUNCATE shots;
INSERT INTO shots (id, path) VALUES (1, 'photo.jpg'), (2, 'photo.gif'), (3, 'truncated.jpg');
CALL thumbexif_backfill(parts => 'exif');
SELECT id, s.status, thumbnail_path, width, camera_make, s.exif_settings, s.thumbnail_settings
	FROM shots JOIN thumbexif_internal.thumbexif_asset_bigint s USING (id) ORDER BY id;
CALL thumbexif_backfill(parts => 'exif');
CALL thumbexif_backfill(parts => 'thumbnail');
SELECT id, s.status, thumbnail_path IS NOT NULL AS thumbnail, s.exif_settings, s.thumbnail_settings
	FROM shots JOIN thumbexif_internal.thumbexif_asset_bigint s USING (id) ORDER BY id;

-- changed settings make one part stale and not the other
SELECT thumbnail_path AS first FROM shots WHERE id = 1 \gset
SET thumbexif.thumbnail_size = 100;
SET thumbexif.thumbnail_format = 'png';
CALL thumbexif_backfill();
SELECT thumbnail_path ~ '\.png$' AS png, thumbnail_path <> :'first' AS other FROM shots WHERE id = 1;
SELECT thumbnail_settings, exif_settings FROM thumbexif_internal.thumbexif_asset_bigint WHERE id = 1;
-- the file it replaced has been unlinked
SELECT (pg_stat_file(:'first', true)).size AS there;
-- PNG knows no quality, also in a state that 1.0 has written; another size is another thumbnail
SET thumbexif.thumbnail_quality = 10;
CALL thumbexif_backfill();
UPDATE thumbexif_internal.thumbexif_asset_bigint SET thumbnail_settings = '100 png 85' WHERE id = 1;
CALL thumbexif_backfill();
UPDATE thumbexif_internal.thumbexif_asset_bigint SET thumbnail_settings = '101 png 85' WHERE id = 1;
CALL thumbexif_backfill(dry_run => true);
UPDATE thumbexif_internal.thumbexif_asset_bigint SET thumbnail_settings = '100 png' WHERE id = 1;
RESET thumbexif.thumbnail_quality;
RESET thumbexif.thumbnail_size;
RESET thumbexif.thumbnail_format;
-- EXIF as 1.0 has read it is read again, for 1.0 read no XMP and no time of GPS; but not if the table has no column for these
UPDATE thumbexif_internal.thumbexif_asset_bigint SET exif_settings = 'UTC gps' WHERE id <= 2;
CALL thumbexif_backfill(parts => 'exif');
SELECT exif_settings FROM thumbexif_internal.thumbexif_asset_bigint WHERE id <= 2;
SELECT thumbexif_attach('shots', exif_metadata => '');
UPDATE thumbexif_internal.thumbexif_asset_bigint SET exif_settings = 'UTC gps' WHERE id <= 2;
CALL thumbexif_backfill(parts => 'exif', dry_run => true);
SELECT thumbexif_attach('shots', taken_at => '');
CALL thumbexif_backfill(parts => 'exif');
UPDATE thumbexif_internal.thumbexif_asset_bigint SET exif_settings = 'UTC nogps' WHERE id <= 2;
CALL thumbexif_backfill(parts => 'exif');
SELECT thumbexif_attach('shots', exif_metadata => 'exif_metadata', taken_at => 'taken_at');
-- with exif_gps switched off, our position goes; the rest stays
SET thumbexif.exif_gps = off;
CALL thumbexif_backfill(parts => 'exif');
SELECT gps_latitude, gps_longitude, camera_make, exif_metadata ? 'GPSLatitude' AS in_json FROM shots WHERE id = 1;
RESET thumbexif.exif_gps;

-- a thumbnail that is not ours counts as present and is not touched
UPDATE shots SET thumbnail_path = '/elsewhere/thumb.jpg' WHERE id = 2;
CALL thumbexif_backfill();
SELECT thumbnail_path FROM shots WHERE id = 2;
UPDATE shots SET thumbnail_path = NULL WHERE id = 2;
CALL thumbexif_backfill();
SELECT thumbnail_path IS NOT NULL AS thumbnail FROM shots WHERE id = 2;

RESET client_min_messages;
-- what the table refuses is one asset's failure; a trigger that swallows the update too
TRUNCATE shots;
INSERT INTO shots (id, path) SELECT i, 'orientation-' || i || '.jpg' FROM generate_series(1, 8) i;
ALTER TABLE shots ADD CONSTRAINT not_the_third CHECK (id <> 3 OR width IS NULL);
CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.id = 5 THEN RETURN NULL; END IF;
	IF NEW.id = 6 THEN RAISE EXCEPTION 'no %', NEW.path USING ERRCODE = '22012'; END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER swallow BEFORE UPDATE ON shots FOR EACH ROW EXECUTE FUNCTION swallow();
CALL thumbexif_backfill();
SELECT id, s.status, attempts, verdict, next_try > now() AS later, error FROM thumbexif_internal.thumbexif_asset_bigint s ORDER BY id;
SELECT count(*) FILTER (WHERE thumbnail_path IS NOT NULL) AS thumbnails FROM shots;
-- bounded: after max_attempts it is failed, and stays so
CALL thumbexif_backfill();
CALL thumbexif_backfill();
SELECT id, s.status, attempts FROM thumbexif_internal.thumbexif_asset_bigint s WHERE status <> 'done' ORDER BY id;
CALL thumbexif_backfill();
DROP TRIGGER swallow ON shots;
ALTER TABLE shots DROP CONSTRAINT not_the_third;

-- a deferred trigger fires at once, for it could not in a security-restricted operation
TRUNCATE shots;
INSERT INTO shots (id, path) VALUES (1, 'photo.jpg');
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE CONSTRAINT TRIGGER deferred AFTER UPDATE ON shots DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION nothing();
CALL thumbexif_backfill();
SELECT status, error FROM thumbexif_internal.thumbexif_asset_bigint;
DROP TRIGGER deferred ON shots;
CALL thumbexif_backfill();
SELECT status, error FROM thumbexif_internal.thumbexif_asset_bigint;

-- a path too long for its column is that asset's failure; a name is cut
CREATE TABLE narrow (id smallint PRIMARY KEY, path text, thumb text, camera_make varchar(4));
SELECT thumbexif_attach('narrow', thumbnail_path => 'thumb');
ALTER TABLE narrow ALTER thumb TYPE varchar(10);
INSERT INTO narrow VALUES (1, 'photo.jpg');
CALL thumbexif_backfill(relation => 'narrow');
SELECT status, error FROM thumbexif_internal.thumbexif_asset_bigint s JOIN narrow USING (id) WHERE s.error IS NOT NULL;
SELECT thumbexif_attach('narrow', thumbnail_path => '');
CALL thumbexif_backfill(relation => 'narrow');
SELECT * FROM narrow;
-- a row without a path has no file
INSERT INTO narrow VALUES (2, NULL);
CALL thumbexif_backfill(relation => 'narrow');
CALL thumbexif_backfill(relation => 'narrow');
SELECT status FROM thumbexif_process(2, 'narrow', force => true);
UPDATE narrow SET path = 'photo.jpg' WHERE id = 2;
CALL thumbexif_backfill(relation => 'narrow');

-- what it refuses
\set VERBOSITY default
CALL thumbexif_backfill();
CALL thumbexif_backfill(relation => 'pg_class');
CALL thumbexif_backfill(-1, relation => 'shots');
CALL thumbexif_backfill(batch_size => 0, relation => 'shots');
CALL thumbexif_backfill(parts => 'both', relation => 'shots');
CALL thumbexif_backfill(dry_run => NULL, relation => 'shots');
BEGIN;
CALL thumbexif_backfill(relation => 'shots');
ROLLBACK;
SET default_transaction_read_only = on;
CALL thumbexif_backfill(relation => 'shots');
CALL thumbexif_backfill(relation => 'shots', dry_run => true);
RESET default_transaction_read_only;
-- another isolation level by default makes no difference
UPDATE shots SET thumbnail_path = NULL;
SET default_transaction_isolation = 'serializable';
CALL thumbexif_backfill(relation => 'shots');
RESET default_transaction_isolation;
CREATE FUNCTION atomic() RETURNS void LANGUAGE plpgsql AS $$
DECLARE p bigint; u bigint; s bigint; f bigint;
BEGIN
	CALL thumbexif_backfill(relation => 'shots', processed => p, updated => u, skipped => s, failed => f);
END $$;
SELECT atomic();
-- in a DO block that may commit it works
UPDATE shots SET thumbnail_path = NULL;
DO $$
DECLARE p bigint; u bigint; s bigint; f bigint;
BEGIN
	CALL thumbexif_backfill(relation => 'shots', processed => p, updated => u, skipped => s, failed => f);
	RAISE NOTICE 'processed %, updated %', p, u;
END $$;
CREATE ROLE regress_te_other;
GRANT ALL ON shots TO regress_te_other;
GRANT EXECUTE ON PROCEDURE thumbexif_backfill TO regress_te_other;
SET ROLE regress_te_other;
CALL thumbexif_backfill(relation => 'shots');
RESET ROLE;
-- its owner, who has no other rights at all, may
ALTER TABLE shots OWNER TO regress_te_other;
SET ROLE regress_te_other;
CALL thumbexif_backfill(relation => 'shots', verify => true);
RESET ROLE;
ALTER TABLE shots ENABLE ROW LEVEL SECURITY;
ALTER TABLE shots FORCE ROW LEVEL SECURITY;
CALL thumbexif_backfill(relation => 'shots');

DROP TABLE shots;
DROP TABLE narrow;
DROP FUNCTION swallow, nothing, atomic;
REVOKE EXECUTE ON PROCEDURE thumbexif_backfill FROM regress_te_other;
DROP ROLE regress_te_other;

SET client_min_messages = error;
-- a row that changes between the scan's look at it and its claim is claimed as it is then
SELECT thumbexif_attach('later', create_table => true);
INSERT INTO later (id, path) SELECT i, repeat('./', i) || 'photo.jpg' FROM generate_series(1, 100) i;
CREATE FUNCTION change_last() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	UPDATE public.later SET path = 'photo.png' WHERE id = 40;
	RETURN NEW;
END $$;
CREATE TRIGGER change_last AFTER UPDATE ON later FOR EACH ROW WHEN (NEW.id = 1) EXECUTE FUNCTION change_last();
SET thumbexif.decoders = 1;	-- several may be done with row 40 before row 1
CALL thumbexif_backfill(batch_size => 10, relation => 'later');
RESET thumbexif.decoders;
SELECT l.path = 'photo.png' AS changed, s.status, s.attempts, count(*) FROM later l JOIN thumbexif_internal.thumbexif_asset_bigint s USING (id)
	WHERE s.attachment = (SELECT attachment FROM thumbexif_internal.thumbexif_attachment WHERE relation = 'later'::regclass) GROUP BY 1, 2, 3 ORDER BY 1;
DROP TABLE later;
DROP FUNCTION change_last;
