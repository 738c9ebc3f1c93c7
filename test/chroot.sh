# chroot.sh: sourced by what tries thumbexif on other systems than this one: bare Debian systems, each in a folder.
#
# TE_CHROOTS is the folder for them (/var/tmp/thumbexif-chroots), some gigabytes; packages come from TE_MIRROR.  What is tried
# is what was committed.

chroots=${TE_CHROOTS:-/var/tmp/thumbexif-chroots}
mirror=${TE_MIRROR:-http://deb.debian.org/debian}

[ "$(id -u)" = 0 ] || { echo "chroots can be made by root only" >&2; exit 1; }
tools/deps debootstrap >&2
mkdir -p "$chroots"

# new_chroot SUITE NAME: a bare system in $chroots/NAME; its base is made once
new_chroot()
{
	local base=$chroots/base-$1 folder=$chroots/$2

	if [ ! -e "$base" ]; then
		debootstrap --variant=minbase --include=ca-certificates "$1" "$base.new" "$mirror" > "$base.log" 2>&1 ||
			{ tail -5 "$base.log" >&2; return 1; }
		umount "$base.new/proc" 2>/dev/null || true
		mv "$base.new" "$base"
	fi
	rm -rf "$folder"
	cp -ax --reflink=auto "$base" "$folder"
	mkdir -p "$chroots/packages-$1" "$folder/dev/shm"
	echo "$chroots/packages-$1" > "$folder/packages"
	cp -L /etc/resolv.conf "$folder/etc/"
	echo "127.0.0.1 localhost $(hostname)" > "$folder/etc/hosts"
	# the lists of a mirror may be old, and nobody answers the questions of a command that the README shows
	printf '%s\n' 'Acquire::Check-Valid-Until "false";' 'APT::Get::Assume-Yes "true";' 'APT::Install-Recommends "false";' \
		> "$folder/etc/apt/apt.conf.d/99tests"
	# no service starts, and nothing waits for the disk
	printf '#!/bin/sh\nexit 101\n' > "$folder/usr/sbin/policy-rc.d"
	chmod 755 "$folder/usr/sbin/policy-rc.d"
	echo force-unsafe-io > "$folder/etc/dpkg/dpkg.cfg.d/fast"
}

# run_in_chroot NAME: the script on standard input, by bash -e, as root, in namespaces that end with it
run_in_chroot()
{
	local folder=$chroots/$1

	{
		echo 'export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 HOME=/root'
		[ -e "$folder/updated" ] || echo 'apt-get -q update; touch /updated'
		cat
	} > "$folder/script"
	# one at a time has the folder of packages
	flock "$(cat "$folder/packages").lock" unshare --mount --pid --fork --kill-child --propagation private sh -c '
		mount -t proc proc "$0/proc" && mount -t tmpfs none "$0/dev/shm" &&
		mount --bind "$1" "$0/var/cache/apt/archives" && exec chroot "$0" bash -e /script' "$folder" "$(cat "$folder/packages")" < /dev/null
}

# For scripts: install sudo, and have a user "newcomer" who may use it.
newcomer='apt-get -q install sudo
	useradd -m -s /bin/bash newcomer
	echo "newcomer ALL=(ALL) NOPASSWD: ALL" > /etc/sudoers.d/newcomer'

# readme_commands NAME: the commands of the README that name this as what tries them
readme_commands()
{
	perl -0ne '/^<!-- tried by \S+: '"$1"' -->\n```sh\n(.*?)^```$/ms or die "the README has no commands \"'"$1"'\"\n"; print $1' README.md
}

# readme_settings: its lines for postgresql.conf
readme_settings()
{
	perl -0ne '/^```ini\n(.*?)^```$/ms or die "the README has no settings\n"; print $1' README.md
}

# tree FOLDER: what is in the repository
tree()
{
	mkdir -p "$1"
	git archive HEAD | tar -C "$1" -x
}

# pictures FOLDER: one of each kind
pictures()
{
	local all=$chroots/pictures

	if [ ! -e "$all" ]; then
		$make -s -j2 build/make_pictures
		mkdir "$all.new"
		build/make_pictures "$all.new" > /dev/null
		mv "$all.new" "$all"
	fi
	mkdir -p "$1"
	cp "$all"/photo.{jpg,png,heic,avif,webp} "$1"
}
