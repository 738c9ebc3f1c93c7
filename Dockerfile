# PostgreSQL's official image with thumbexif.  PHOTOS=/a/folder docker compose up --build, or by hand:
#
#	docker build -t thumbexif .
#	docker run -e POSTGRES_PASSWORD=secret -v /srv/photos:/photos:ro -v thumbnails:/thumbnails -p 5432:5432 thumbexif
#
# BASE is another of its images, as postgres:18-trixie.  Since trixie libheif has its decoders in packages of their own.
ARG BASE=postgres:17-bookworm

FROM $BASE AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev make pkg-config postgresql-server-dev-$PG_MAJOR \
	libvips-dev libexif-dev libseccomp-dev libjpeg-dev liblcms2-dev libbrotli-dev zlib1g-dev libexpat1-dev libheif-dev libisal-dev
COPY . /thumbexif
RUN make -C /thumbexif -s -j2 with_llvm=no PG_CONFIG=/usr/lib/postgresql/$PG_MAJOR/bin/pg_config all && \
	make -C /thumbexif -s with_llvm=no PG_CONFIG=/usr/lib/postgresql/$PG_MAJOR/bin/pg_config install DESTDIR=/built

FROM $BASE
RUN apt-get update && apt-get install -y --no-install-recommends libvips42 libexif12 libseccomp2 libjpeg62-turbo liblcms2-2 libbrotli1 zlib1g libexpat1 libheif1 libisal2 \
	$(apt-cache pkgnames libheif-plugin-libde265) $(apt-cache pkgnames libheif-plugin-aomdec) && \
	rm -rf /var/lib/apt/lists/*
COPY --from=build /built /
RUN mkdir -p /photos /thumbnails && chown postgres:postgres /thumbnails && \
	printf '%s\n' "shared_preload_libraries = 'thumbexif'" "thumbexif.image_roots = '/photos'" "thumbexif.thumbnail_dir = '/thumbnails'" \
		>> /usr/share/postgresql/postgresql.conf.sample && \
	echo 'CREATE EXTENSION thumbexif;' > /docker-entrypoint-initdb.d/thumbexif.sql
VOLUME /thumbnails
