-- gallery.sql: the roles and the two functions that the page needs besides those of thumbexif_api(), for a table public.photos that is
-- attached, and for thumbexif in schema public: put other names in the place of "public.photos" and "public.thumbexif_".  Its owner runs
-- it by psql, and must be allowed to create roles; it may be run again.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
BEGIN;

-- Who asks: a visitor, and whoever has a key.  The server logs in as gallery_server, and becomes one of them for each request.
SELECT format('CREATE ROLE %I %s', name, options)
FROM (VALUES ('gallery_anon', 'NOLOGIN'), ('gallery_uploader', 'NOLOGIN'), ('gallery_server', 'LOGIN NOINHERIT')) AS roles (name, options)
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec
GRANT gallery_anon, gallery_uploader TO gallery_server;
ALTER ROLE gallery_anon SET statement_timeout = '5s';
ALTER ROLE gallery_uploader SET statement_timeout = '30s';

-- The page puts a photo's id in the place of {id}.  Where nginx serves the files (README.md), the base is /thumbnails/.
SELECT count(public.thumbexif_api('public.photos', 'photos_api', grant_to => role, base => '/rpc/thumb?id={id}&v='))
FROM (VALUES ('gallery_anon'), ('gallery_uploader')) AS roles (role);
SELECT public.thumbexif_grant('gallery_uploader', 'public.photos', 'upload');
GRANT EXECUTE ON FUNCTION public.thumbexif_file(bigint, regclass, integer), public.thumbexif_file(uuid, regclass, integer), public.thumbexif_file(text, regclass, integer)
    TO gallery_anon, gallery_uploader;

-- What a function returns as this type PostgREST sends as it is, whatever the request accepts: browsers accept no JSON for an <img>.
DROP DOMAIN IF EXISTS photos_api."*/*" CASCADE;
CREATE DOMAIN photos_api."*/*" AS bytea;
REVOKE ALL ON TYPE photos_api."*/*" FROM PUBLIC;

-- The name of a thumbnail's file changes with its content: under an address that has the name, it may be kept for ever.  A thumbnail in the
-- row has no name.
CREATE FUNCTION photos_api.thumb(id photos_api.photos.id%TYPE, v text DEFAULT NULL) RETURNS photos_api."*/*"
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    name text;
    bytes bytea;
    tag text;
    known text := COALESCE(current_setting('request.headers', true)::json ->> 'if-none-match', '');
    headers jsonb := '{"X-Content-Type-Options": "nosniff"}';
BEGIN
    SELECT substring(p.thumbnail FROM '/[0-9a-f]{2}/[0-9a-f]{2}/([^/]+)$') INTO name FROM photos_api.photos AS p WHERE p.id = thumb.id;
    IF name IS NULL OR strpos(known, format('"%s"', name)) = 0 THEN
        BEGIN
            bytes := public.thumbexif_file(thumb.id, 'public.photos'::regclass);
        EXCEPTION WHEN undefined_file OR data_corrupted OR io_error THEN
            -- not for visitors: it names folders of the server
            RAISE LOG '%', SQLERRM;
        END;
        IF bytes IS NULL THEN
            PERFORM set_config('response.status', '404', true), set_config('response.headers', '[{"Cache-Control": "no-store"}]', true);
            RETURN '';
        END IF;
        headers := headers || jsonb_build_object('Content-Type', CASE
            WHEN substr(bytes, 1, 2) = '\xffd8' THEN 'image/jpeg' WHEN substr(bytes, 2, 3) = 'PNG' THEN 'image/png' WHEN substr(bytes, 9, 4) = 'WEBP' THEN 'image/webp' ELSE 'image/avif' END);
    END IF;
    tag := format('"%s"', COALESCE(name, md5(bytes)));
    headers := headers || jsonb_build_object('ETag', tag,
        'Cache-Control', CASE WHEN right('/' || v, length(name) + 1) = '/' || name THEN 'public, max-age=31536000, immutable' ELSE 'no-cache' END);
    PERFORM set_config('response.headers', (SELECT jsonb_agg(jsonb_build_object(key, value)) FROM jsonb_each(headers))::text, true);
    IF strpos(known, tag) > 0 THEN
        PERFORM set_config('response.status', '304', true);
        RETURN '';
    END IF;
    RETURN bytes;
END
$$;
COMMENT ON FUNCTION photos_api.thumb IS 'the thumbnail of a photo, for <img>; v is its name';

-- PostgREST hands the body of a request to a parameter without a name.  A file's name comes in a header, percent-encoded.
CREATE OR REPLACE FUNCTION photos_api.upload(bytea) RETURNS jsonb
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
SELECT photos_api.photo_upload($1, (
    SELECT convert_from(string_agg(CASE WHEN part[1] IS NOT NULL THEN decode(part[1], 'hex') ELSE convert_to(part[2], 'UTF8') END, '' ORDER BY number), 'UTF8')
    FROM regexp_matches(current_setting('request.headers', true)::json ->> 'x-file-name', '%([0-9A-Fa-f]{2})|([^%]+|%)', 'g') WITH ORDINALITY AS parts (part, number)))
$$;
COMMENT ON FUNCTION photos_api.upload IS 'photo_upload() of the body of a request, and of the name in X-File-Name';

REVOKE ALL ON FUNCTION photos_api.thumb, photos_api.upload FROM PUBLIC;
GRANT EXECUTE ON FUNCTION photos_api.thumb TO gallery_anon, gallery_uploader;
GRANT EXECUTE ON FUNCTION photos_api.upload TO gallery_uploader;
NOTIFY pgrst, 'reload schema';
COMMIT;
