#!/usr/bin/env bash
# A real WordPress on this machine, for tests: Debian's packages, PHP's own web server, MariaDB on a private socket.
#
#   wordpress.sh start FOLDER PORT    writes FOLDER/env with WP_URL, WP_USER and WP_APP_PASSWORD
#   wordpress.sh stop FOLDER
#
# Needs Debian 12, root (it installs packages) and a folder that it may fill. The first start takes about half a
# minute, the next ones two seconds: FOLDER keeps the unpacked site and the database. Delete it to begin anew.
set -euo pipefail

PACKAGES=(php-cli php-mysql php-gd php-xml php-mbstring php-curl php-getid3 libjs-cropper libjs-underscore
    mariadb-server-core mariadb-client-core curl)
UNPACKED=(wordpress wordpress-theme-twentytwentythree) # not installed: their dependencies bring a web server

usage() {
    sed -n '4,5s/^# *//p' "${BASH_SOURCE[0]}" >&2
    exit 2
}

fail() {
    echo "wordpress.sh: $*" >&2
    tail -n 20 "$folder"/*.log >&2 2>/dev/null || true
    exit 1
}

# ------------------------------------------------------------------------------------------------- processes

# Start a program in a process group of its own, and remember the group's number.
launch() {
    local name=$1
    shift
    setsid bash -c 'echo $$ >"$0"; exec "${@}"' "$folder/$name.pid" "$@" >>"$folder/$name.log" 2>&1 </dev/null &
}

# The number in a pid file, if that process is still the one we started: its command line names our folder.
ours() {
    local pid
    pid=$(cat "$1" 2>/dev/null) || return 1
    [ -n "$pid" ] && tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF "$folder" && echo "$pid"
}

stop() {
    local file pid
    for file in "$folder"/php.pid "$folder"/mariadb.pid; do
        if pid=$(ours "$file"); then
            kill -TERM -- "-$pid" 2>/dev/null || true
            for _ in $(seq 100); do
                kill -0 "$pid" 2>/dev/null || break
                sleep 0.1
            done
            kill -KILL -- "-$pid" 2>/dev/null || true
        fi
        rm -f "$file"
    done
}

# Try a command until it succeeds, for up to a minute.
patiently() {
    for _ in $(seq 240); do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.25
    done
    fail "this did not succeed within a minute: $*"
}

# -------------------------------------------------------------------------------------------- what is cached

install_packages() {
    dpkg -s "${PACKAGES[@]}" >/dev/null 2>&1 && return
    apt-get -o DPkg::Lock::Timeout=120 update -q
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 install -y -q --no-install-recommends "${PACKAGES[@]}"
}

# Each is made beside its place and moved there when it is whole, so that an interrupted start does no harm.
unpack_site() {
    [ -d site ] && return
    rm -rf unpacking && mkdir unpacking
    (cd unpacking && { apt-get download -q "${UNPACKED[@]}" || { apt-get update -q && apt-get download -q "${UNPACKED[@]}"; }; })
    for package in unpacking/*.deb; do dpkg -x "$package" unpacking/root; done
    cp -r unpacking/root/usr/share/wordpress unpacking/site
    mkdir -p unpacking/site/wp-content/uploads unpacking/site/wp-content/themes
    for themes in unpacking/root/usr/share/wordpress unpacking/root/var/lib/wordpress; do
        [ -d "$themes/wp-content/themes" ] && cp -rn "$themes"/wp-content/themes/. unpacking/site/wp-content/themes/
    done
    rm -f unpacking/site/wp-config.php
    mv unpacking/site site && rm -rf unpacking
}

make_database() {
    [ -d db ] && return
    rm -rf db.new
    mariadb-install-db --no-defaults --user=root --datadir="$folder/db.new" --skip-test-db \
        --auth-root-authentication-method=normal
    mv db.new db
}

# ------------------------------------------------------------------------------------------------- the start

sql() {
    mariadb --no-defaults --user=root --socket="$folder/db.sock" --execute "$1"
}

configure() {
    cat >site/wp-config.php <<PHP
<?php
define('DB_NAME', 'wp'); define('DB_USER', 'root'); define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:$folder/db.sock'); define('DB_CHARSET', 'utf8mb4'); define('DB_COLLATE', '');
foreach (['AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE'] as \$name) {
    define("{\$name}_KEY", hash('sha256', "\$name key $folder"));
    define("{\$name}_SALT", hash('sha256', "\$name salt $folder"));
}
define('WP_HOME', '$url'); define('WP_SITEURL', '$url');
define('WP_ENVIRONMENT_TYPE', 'local'); // application passwords without HTTPS
define('WP_HTTP_BLOCK_EXTERNAL', true); define('AUTOMATIC_UPDATER_DISABLED', true); define('DISABLE_WP_CRON', true);
\$table_prefix = 'wp_';
if (!defined('ABSPATH')) define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
PHP
    # What a web server's rewrite rules would do: files as they are, all other addresses to WordPress.
    cat >router.php <<'PHP'
<?php
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
$file = $_SERVER['DOCUMENT_ROOT'] . $path;
if ($path !== '/' && is_file($file)) return false;
$_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = '/index.php';
require $_SERVER['DOCUMENT_ROOT'] . '/index.php';
PHP
    cat >setup.php <<'PHP'
<?php
define('WP_INSTALLING', true);
[, $site, $_SERVER['HTTP_HOST']] = $argv;
require "$site/wp-load.php";
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
if (!is_blog_installed()) wp_install('Baton test', 'admin', 'admin@example.test', true, '', wp_generate_password());
if (wp_get_theme('twentytwentythree')->exists()) switch_theme('twentytwentythree');
update_option('permalink_structure', '/%postname%/');
flush_rewrite_rules();
$admin = get_user_by('login', 'admin')->ID;
WP_Application_Passwords::delete_all_application_passwords($admin);
echo "\n", WP_Application_Passwords::create_new_application_password($admin, ['name' => 'baton'])[0];
PHP
}

start() {
    [ "$(id -u)" = 0 ] || fail "run it as root: it installs Debian packages"
    stop
    mkdir -p "$folder" && cd "$folder"
    install_packages >install.log 2>&1 || fail "the packages could not be installed"
    unpack_site >>install.log 2>&1 || fail "WordPress could not be unpacked"
    make_database >>install.log 2>&1 || fail "the database could not be made"
    configure
    launch mariadb mariadbd --no-defaults --user=root --datadir="$folder/db" --socket="$folder/db.sock" \
        --pid-file="$folder/db.pid" --skip-networking --innodb-buffer-pool-size=64M
    patiently sql 'SELECT 1'
    sql 'CREATE DATABASE IF NOT EXISTS wp CHARACTER SET utf8mb4'
    password=$(php setup.php "$folder/site" "127.0.0.1:$port" 2>>php.log | tail -n 1)
    [ -n "$password" ] || fail "WordPress gave no application password"
    launch php env PHP_CLI_SERVER_WORKERS=3 php -d upload_max_filesize=16M -d post_max_size=20M \
        -S "127.0.0.1:$port" -t "$folder/site" "$folder/router.php"
    patiently curl --silent --fail --output /dev/null "$url/wp-json/"
    (umask 077 && printf 'WP_URL=%s\nWP_USER=admin\nWP_APP_PASSWORD=%s\n' "$url" "$password" >env)
}

[ $# -ge 2 ] || usage
folder=$(realpath -m "$2")
case $1 in
    start)
        [ $# = 3 ] || usage
        port=$3 url=http://127.0.0.1:$3
        start
        ;;
    stop) stop ;;
    *) usage ;;
esac
