-- thumbexif_clean: what it removes, what it counts, and what it leaves alone.
SET client_min_messages = warning;
\getenv thumbnails TE_THUMBNAILS
SELECT thumbexif_attach('photos', create_table => true) AS one, thumbexif_attach('others', id => 'id', create_table => true) AS two;
SELECT oid AS database FROM pg_database WHERE datname = current_database() \gset
SELECT attachment AS photos FROM thumbexif_internal.thumbexif_attachment WHERE relation = 'photos'::regclass \gset
SELECT attachment AS others FROM thumbexif_internal.thumbexif_attachment WHERE relation = 'others'::regclass \gset
\set root :thumbnails '/' :database
\setenv ROOT :root
\setenv PHOTOS :photos
\setenv OTHERS :others
-- put FILE...: make files of the first attachment; left: what is there
\setenv PUT 'for f; do mkdir -p $(dirname $ROOT/$f) && echo x > $ROOT/$f; done'
\setenv LEFT 'cd $ROOT && find . ! -type d ! -name .thumbexif | sed -e s,/$PHOTOS/,/photos/, -e s,/$OTHERS/,/others/, | sort'
\! sh -c "$PUT" x $PHOTOS/00/11/1-3-0123456789abcdef.jpg $PHOTOS/00/11/2-3-0123456789abcdef.jpg $PHOTOS/00/11/3-3-0123456789abcdef.jpg
\! sh -c "$PUT" x $PHOTOS/00/11/4-3-0123456789abcdef.part $PHOTOS/ff/ee/-5-3-0123456789abcdef.webp $OTHERS/00/11/1-3-0123456789abcdef.jpg

INSERT INTO photos (path) VALUES ('a'), ('b');
UPDATE thumbexif_internal.thumbexif_asset_bigint SET file = format('00/11/%s-3-0123456789abcdef.jpg', id);
-- the key in a name says nothing
UPDATE photos SET id = 20 WHERE id = 2;

-- 3, 4 and -5 are named by nobody; those of running transactions and of others are not ours to judge
\! sh -c "$PUT" x $PHOTOS/00/11/3-99999999999-0123456789abcdef.jpg $PHOTOS/00/11/3-99999999999-0123456789abcdef.part
\! sh -c "$PUT" x $PHOTOS/00/11/README $PHOTOS/00/11/1-3.jpg $PHOTOS/00/11/1-3-0123456789abcdeX.jpg $PHOTOS/00/1-3-0123456789abcdef.jpg $PHOTOS/x/11/1-3-0123456789abcdef.jpg
\! sh -c "$PUT" x 7/00/11/1-3-0123456789abcdef.jpg
SELECT thumbexif_clean(true);
SELECT thumbexif_clean(dry_run => true);
\! sh -c "$LEFT"
SELECT thumbexif_clean();
\! sh -c "$LEFT"
SELECT thumbexif_clean(true), thumbexif_clean();

-- a deleted row's file, and one whose row went while triggers were off
DELETE FROM photos WHERE id = 20;
SET session_replication_role = replica;
DELETE FROM photos WHERE id = 1;
RESET session_replication_role;
SELECT thumbexif_clean(true);
SELECT thumbexif_clean();
SELECT count(*) FROM thumbexif_internal.thumbexif_asset_bigint;
SELECT thumbexif_clean(true), thumbexif_clean(), thumbexif_clean(true);
\! sh -c "$LEFT" | grep -v 9999

-- states of rows that are there are left alone, however many there are
INSERT INTO photos (id, path) SELECT g, g FROM generate_series(1, 2500) g;
INSERT INTO thumbexif_internal.thumbexif_asset_bigint (attachment, id, status) SELECT :photos, g, 'done' FROM generate_series(2501, 3700) g;
SELECT thumbexif_clean();
SELECT count(*), max(id) FROM thumbexif_internal.thumbexif_asset_bigint;

-- what is listed in this transaction, or in one that rolls back, is not touched
\! sh -c "$PUT" x $PHOTOS/00/11/1-3-0123456789abcdef.jpg
UPDATE thumbexif_internal.thumbexif_asset_bigint SET file = '00/11/1-3-0123456789abcdef.jpg' WHERE id = 1;
BEGIN;
DELETE FROM photos WHERE id = 1;
SELECT thumbexif_clean(true), thumbexif_clean();
\! sh -c "$LEFT" | grep photos/00/11/1-3-
ROLLBACK;
SELECT thumbexif_clean(true), thumbexif_clean();
\! sh -c "$LEFT" | grep photos/00/11/1-3-

-- nothing outside of our folder is unlinked, whatever the state says, and nothing by way of a symbolic link
\! sh -c "$PUT" x ../elsewhere/33/1-3-0123456789abcdef.jpg ../elsewhere/33/44/1-3-0123456789abcdef.jpg && ln -s ../../elsewhere $ROOT/$PHOTOS/22 && ln -s ../elsewhere $ROOT/8
\! ln -s ../../../elsewhere/33/1-3-0123456789abcdef.jpg $ROOT/$PHOTOS/00/11/1-4-0123456789abcdef.jpg
INSERT INTO thumbexif_internal.thumbexif_removal (attachment, file) VALUES (:photos, '../../../elsewhere/33/1-3-0123456789abcdef.jpg'),
	(:photos, '/etc/passwd'), (:photos, '00/11/../../../../elsewhere/33/1-3-0123456789abcdef.jpg'), (:photos, ''), (:photos, '00/11/'),
	(:photos, '00/11'), (:others, '../' || :photos || '/00/11/1-3-0123456789abcdef.jpg'), (-1, '00/11/1-3-0123456789abcdef.jpg');
SELECT thumbexif_clean();
SELECT count(*) FROM thumbexif_internal.thumbexif_removal;
INSERT INTO thumbexif_internal.thumbexif_removal (attachment, file) VALUES (:photos, '22/33/1-3-0123456789abcdef.jpg'), (8, '33/44/1-3-0123456789abcdef.jpg');
SELECT thumbexif_clean();
SELECT count(*) FROM thumbexif_internal.thumbexif_removal;
\! ls -R $ROOT/../elsewhere | grep 1-3-
\! sh -c "$LEFT" | grep 'photos/00/11/1-'
\! rm $ROOT/$PHOTOS/22 $ROOT/8

-- a dropped table: its files, those that nobody named too, and its folders, but what is not ours
\! sh -c "$PUT" x $OTHERS/00/11/1-3-0123456789abcdef.jpg $OTHERS/00/11/2-3-0123456789abcdef.jpg $OTHERS/44/55/2-3-0123456789abcdef.jpg
INSERT INTO others (path) VALUES ('a');
UPDATE thumbexif_internal.thumbexif_asset_bigint SET file = '00/11/1-3-0123456789abcdef.jpg' WHERE attachment = :others;
DROP TABLE others;
SELECT thumbexif_clean(true), count(*) AS remembered FROM thumbexif_internal.thumbexif_dropped;
SELECT thumbexif_clean();
\! ls -d $ROOT/$OTHERS 2> /dev/null
SELECT count(*) FROM thumbexif_internal.thumbexif_dropped;
DROP TABLE photos;
SELECT thumbexif_clean();
\! sh -c "$LEFT"
SELECT count(*) FROM thumbexif_internal.thumbexif_dropped;

-- a table that was dropped behind our back
SELECT thumbexif_attach('photos', create_table => true);
SELECT attachment AS photos FROM thumbexif_internal.thumbexif_attachment WHERE relation = 'photos'::regclass \gset
INSERT INTO photos (path) VALUES ('a');
ALTER EVENT TRIGGER thumbexif_drop DISABLE;
DROP TABLE photos;
ALTER EVENT TRIGGER thumbexif_drop ENABLE;
SELECT thumbexif_clean();
SELECT count(*) FROM thumbexif_internal.thumbexif_attachment;

-- a detached table keeps its files
SELECT thumbexif_attach('photos', create_table => true);
SELECT attachment AS photos FROM thumbexif_internal.thumbexif_attachment WHERE relation = 'photos'::regclass \gset
\setenv PHOTOS :photos
\! sh -c "$PUT" x $PHOTOS/00/11/1-3-0123456789abcdef.jpg
INSERT INTO photos (path) VALUES ('a');
UPDATE thumbexif_internal.thumbexif_asset_bigint SET file = '00/11/1-3-0123456789abcdef.jpg' WHERE attachment = :photos;
SELECT thumbexif_detach();
SELECT thumbexif_clean();
\! ls $ROOT/$PHOTOS/00/11
DROP TABLE photos;
SELECT thumbexif_clean();
\! ls $ROOT/$PHOTOS/00/11

-- rows that the owner cannot see all of
SELECT thumbexif_attach('photos', create_table => true);
INSERT INTO photos (path) VALUES ('a');
ALTER TABLE photos ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
SELECT thumbexif_clean();
SELECT count(*) FROM thumbexif_internal.thumbexif_asset;
DROP TABLE photos;

CREATE ROLE clean_user;
SET ROLE clean_user;
SELECT thumbexif_clean(true);
RESET ROLE;
DROP ROLE clean_user;
BEGIN READ ONLY;
SELECT thumbexif_clean(true);
SELECT thumbexif_clean();
ROLLBACK;
DELETE FROM thumbexif_internal.thumbexif_dropped;
