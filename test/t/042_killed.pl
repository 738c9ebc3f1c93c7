# Decoders, workers and backfills are killed while they work: nothing is lost, nothing stays claimed.
use strict;
use warnings;

use PostgreSQL::Test::BackgroundPsql;
use PostgreSQL::Test::Utils;
use Test::More;
use ThumbexifTest;
use TinyPicture;
use WorkerTest;
