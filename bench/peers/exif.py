"""exif.py ROOT: EXIF of all rows of service_assets as the Python service reads it, a commit every 100; prints the seconds."""
import json
import os
import sys
import time
from datetime import datetime, timezone

import psycopg2
from PIL import ExifTags, Image


def plain(value):
    """A value as JSON takes it."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip("\x00")
    if isinstance(value, (tuple, list)):
        return [plain(part) for part in value]
    if isinstance(value, (str, int)):
        return value.strip("\x00 ") if isinstance(value, str) else value
    return float(value)


def degrees(parts, ref):
    d, m, s = (float(part) for part in parts)
    value = d + m / 60 + s / 3600
    return -value if ref in ("S", "W") else value


def extract(path):
    with Image.open(path) as image:
        size = image.size
        exif = image.getexif()
        tags = {ExifTags.TAGS.get(tag, str(tag)): plain(value) for tag, value in exif.items()}
        tags.update({ExifTags.TAGS.get(tag, str(tag)): plain(value) for tag, value in exif.get_ifd(0x8769).items()})
        gps = {ExifTags.GPSTAGS.get(tag, str(tag)): value for tag, value in exif.get_ifd(0x8825).items()}
    if tags.get("Orientation", 1) >= 5:
        size = size[::-1]
    taken = tags.get("DateTimeOriginal") or tags.get("DateTime")
    taken_at = datetime.strptime(taken, "%Y:%m:%d %H:%M:%S").replace(tzinfo=timezone.utc) if taken else None
    latitude = longitude = None
    if "GPSLatitude" in gps and "GPSLongitude" in gps:
        latitude = degrees(gps["GPSLatitude"], gps.get("GPSLatitudeRef"))
        longitude = degrees(gps["GPSLongitude"], gps.get("GPSLongitudeRef"))
    tags.update({name: plain(value) for name, value in gps.items()})
    return (*size, taken_at, tags.get("Make"), tags.get("Model"), latitude, longitude, json.dumps(tags))


def main():
    root = sys.argv[1]
    database = psycopg2.connect("")
    cursor = database.cursor()
    start = time.perf_counter()
    last = 0
    while True:
        cursor.execute("SELECT id, path FROM service_assets WHERE exif_metadata IS NULL AND id > %s ORDER BY id LIMIT 100", (last,))
        rows = cursor.fetchall()
        if not rows:
            break
        for asset, path in rows:
            cursor.execute(
                "UPDATE service_assets SET width = %s, height = %s, taken_at = %s, camera_make = %s, camera_model = %s,"
                " gps_latitude = %s, gps_longitude = %s, exif_metadata = %s WHERE id = %s",
                extract(os.path.join(root, path)) + (asset,))
        database.commit()
        last = rows[-1][0]
    print(f"{time.perf_counter() - start:.3f}")


main()
