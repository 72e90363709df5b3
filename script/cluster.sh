# Sourced by the commands beside it: the private PostGIS cluster under var/, reached by a Unix socket only.
# shellcheck shell=bash
#
#   cluster_start   starts it unless it runs, and exports DATABASE_URL
#   cluster_alive   is it there?
#   cluster_stop    stops it when a script started it and no other script uses it any more
#
# Two roles: gridmgr, a plain one, owns the application's database and everything in it; gridmgr_owner, whom initdb
# made, owns the cluster and its extensions. The application never is gridmgr_owner.
#
# Every script that uses the cluster holds a shared lock on run/in-use for as long as it lives: the last one to
# leave stops the cluster, whoever started it. A cluster that somebody started by hand is left alone.
# With DATABASE_URL in the environment all of this does nothing.

pg_bin= # the programs of pg_version, both settled by cluster_find
pg_version=
cluster_external=${DATABASE_URL:+yes}
cluster_settings=${cluster_settings:-} # more lines for gridmgr.conf, such as "fsync = off" for tests
cluster_pid=
cluster_launching=no
socket=

# as_owner COMMAND …: as the user whose cluster it is; postgres when we are root, since initdb refuses root.
as_owner() {
  if [ "$cluster_owner" = "$(id -un)" ]; then
    (cd / && exec "$@")
  else
    (cd / && exec runuser -u "$cluster_owner" -- "$@")
  fi 4<&- 5<&- 7<&- 8<&-
}

# cluster_find: where the cluster lives and whose it is.
#
# Under var/postgres, unless user postgres can't get there because a folder above is closed to it (a checkout in a
# home folder, say): then under /var/lib/gridmgr, and var/cluster-home remembers the place.
cluster_find() {
  cluster_home=$GRIDMGR_VAR/postgres
  [ ! -s "$GRIDMGR_VAR/cluster-home" ] || cluster_home=$(cat "$GRIDMGR_VAR/cluster-home")
  cluster_owner=$(id -un)
  if [ -d "$cluster_home/data" ]; then
    cluster_owner=$(stat -c %U "$cluster_home/data")
  elif [ "$(id -u)" -eq 0 ]; then
    cluster_owner=postgres
  fi
  if [ "$cluster_owner" != "$(id -un)" ] && [ "$(id -u)" -ne 0 ]; then
    die "数据库 $cluster_home 属于用户 $cluster_owner" "the database in $cluster_home belongs to user $cluster_owner" \
      "以该用户或 root 运行,或另用一个目录 / run this as that user or as root, or use another folder: GRIDMGR_VAR=~/gridmgr-var $0"
  fi
  cluster_make_home
  data=$cluster_home/data
  log=$cluster_home/postgres.log
  find_postgres
}

# find_postgres: the version that made the cluster, else the newest one here that has PostGIS.
find_postgres() {
  local folder
  pg_version=$(cat "$data/PG_VERSION" 2>/dev/null || as_owner cat "$data/PG_VERSION" 2>/dev/null || true)
  [ -n "$pg_version" ] || for folder in /usr/share/postgresql/*/extension/postgis.control; do
    folder=${folder%/extension/*}
    [ ! -e "$folder" ] || pg_version=$(printf '%s\n' "$pg_version" "${folder##*/}" | sort -n | tail -n 1)
  done
  pg_bin=/usr/lib/postgresql/$pg_version/bin
  # shellcheck disable=SC2154  # here is common.sh's
  { [ -n "$pg_version" ] && [ -x "$pg_bin/postgres" ]; } || die "没有 PostgreSQL ${pg_version:-和 PostGIS}" \
    "PostgreSQL ${pg_version:-with PostGIS} is not installed" "${here}script/bootstrap"
}

cluster_make_home() {
  if [ "$(id -u)" -ne 0 ]; then
    install -d -m 700 -- "$cluster_home"
    return
  fi
  install -d -m 700 -o "$cluster_owner" -- "$cluster_home" || true
  as_owner test -w "$cluster_home" 2>/dev/null && return
  [ ! -d "$cluster_home/data" ] ||
    die "用户 $cluster_owner 进不了 $cluster_home" "user $cluster_owner can no longer reach $cluster_home" "chmod o+x, from / down to $cluster_home"
  rmdir -- "$cluster_home" 2>/dev/null || true
  cluster_home=/var/lib/gridmgr/$(printf %s "$GRIDMGR_VAR" | sha256sum | cut -c1-12)
  refuse_keyless
  note "用户 $cluster_owner 进不了 $GRIDMGR_VAR,数据库放在 / it cannot be reached by $cluster_owner, so the database goes to $cluster_home"
  install -d -m 755 /var/lib/gridmgr
  install -d -m 700 -o "$cluster_owner" -- "$cluster_home"
  echo "$cluster_home" >"$GRIDMGR_VAR/cluster-home"
}

# refuse_keyless: a database whose var/ was deleted: its accounts' file and the keys of its identity numbers are gone.
refuse_keyless() {
  [ ! -d "$cluster_home/data" ] || die "$cluster_home 里有一座城市,它的目录 $GRIDMGR_VAR(密钥、文件)却没有了" \
    "$cluster_home holds a city whose folder $GRIDMGR_VAR (its keys and files) is gone" \
    "放回原来的目录,或从备份恢复 / put the folder back, or restore a backup" "不要这座城市了 / to remove that city: ${here}script/reset"
}

# cluster_alive: true when a postmaster runs on our data. Its pid file alone proves nothing: the number may be
# anybody's by now, so the process must stand in our data folder.
cluster_alive() {
  [ -z "$cluster_external" ] || return 0
  cluster_pid=$(head -n 1 "$data/postmaster.pid" 2>/dev/null) || return 1
  [ -n "$cluster_pid" ] && [ "$(as_owner readlink "/proc/$cluster_pid/cwd" 2>/dev/null)" = "$(realpath -- "$data")" ]
}

cluster_is_ready() { cluster_alive && "$pg_bin/pg_isready" -q -h "$(cluster_socket)" -p 5432 -t 3; }

cluster_socket() { sed -n 5p "$data/postmaster.pid" 2>/dev/null; }

# cluster_leftovers: database processes that outlived a killed postmaster; they still hold its shared memory.
cluster_leftovers() {
  local process
  for process in /proc/[0-9]*; do
    [[ $(head -c 9 "$process/cmdline" 2>/dev/null | tr -d '\0') == postgres:* ]] || continue
    [ "$(as_owner readlink "$process/cwd" 2>/dev/null)" != "$(realpath -- "$data")" ] || echo "${process#/proc/}"
  done
}

# sql_as ROLE …: psql as that role. sql …: as the application's.
sql_as() {
  (
    # shellcheck disable=SC2086  # a list of names
    unset -v ${!PG@}
    PGOPTIONS='-c client_min_messages=warning' \
      "$pg_bin/psql" -X -A -t -q -v ON_ERROR_STOP=1 -h "$(cluster_socket)" -p 5432 -U "$@"
  ) 4<&- 5<&- 7<&- 8<&-
}

sql() { sql_as gridmgr "$@"; }

# cluster_create: initdb beside its place, then move: a set-up that was cut short leaves nothing half-made.
cluster_create() {
  step "建立数据库 $data" "creating the database cluster"
  as_owner rm -rf -- "$data.partial"
  as_owner "$pg_bin/initdb" --pgdata="$data.partial" --username=gridmgr_owner --auth=peer --encoding=UTF8 --locale=C.UTF-8 \
    --no-instructions >>"$GRIDMGR_VAR/bootstrap.log" 2>&1 ||
    die "initdb 失败" "initdb failed" "tail $GRIDMGR_VAR/bootstrap.log" "df -h $cluster_home"
  printf 'local all all peer map=gridmgr\n' | as_owner tee "$data.partial/pg_hba.conf" >/dev/null
  printf "include 'gridmgr.conf'\n" | as_owner tee -a "$data.partial/postgresql.conf" >/dev/null
  as_owner mv -- "$data.partial" "$data"
}

# cluster_choose_socket: beside the data, or in /tmp when the path is too long for a socket (107 characters) or has
# characters that the settings file and the URL would have to quote. Once chosen it stays: the web server knows it.
cluster_choose_socket() {
  local LC_ALL=C
  [ ! -d "$socket" ] || return 0
  socket=$cluster_home/run
  if [ $((${#socket} + 15)) -gt 107 ] || [[ $socket == *[!a-zA-Z0-9/._-]* ]]; then
    socket=$(as_owner mktemp -d /tmp/gridmgr-XXXXXXXX)
  else
    as_owner install -d -m 700 "$socket"
  fi
}

cluster_write_settings() {
  as_owner tee "$data/gridmgr.conf" >/dev/null <<CONF
# Written by script/cluster.sh at every start; your own settings go into postgresql.auto.conf (ALTER SYSTEM).
listen_addresses = ''
port = 5432
unix_socket_directories = '$socket'
unix_socket_permissions = 0700
max_connections = 120
shared_buffers = 256MB
work_mem = 16MB
maintenance_work_mem = 128MB
effective_cache_size = 1GB
random_page_cost = 1.1
max_wal_size = 1GB
# Short spatial queries: the planner's parallel sequential scan loses to the index, and compiling to the query.
max_parallel_workers_per_gather = 0
jit = off
log_checkpoints = off
log_line_prefix = '%m [%p] '
lc_messages = 'C.UTF-8'
$cluster_settings
CONF
}

# cluster_write_people: only the cluster's own user, and root, may come in, in one of our roles (gridmgr_moving lives for
# a moment in clusters that an earlier version made). Your own lines stay.
cluster_write_people() {
  local person role line
  for role in gridmgr gridmgr_owner gridmgr_moving; do
    for person in "$cluster_owner" root; do
      line="gridmgr $person $role"
      as_owner grep -qxF -- "$line" "$data/pg_ident.conf" || echo "$line" | as_owner tee -a "$data/pg_ident.conf" >/dev/null
    done
  done
}

cluster_launch() {
  LC_ALL=C.UTF-8 as_owner "$pg_bin/pg_ctl" start --silent --wait --timeout=300 -D "$data" -l "$log" \
    </dev/null >>"$GRIDMGR_VAR/bootstrap.log" 2>&1
}

# cluster_clear: what a killed postmaster leaves behind.
cluster_clear() {
  local pid leftovers
  pid=$(head -n 1 "$data/postmaster.pid" 2>/dev/null) || return 0
  mapfile -t leftovers < <(cluster_leftovers)
  if [ ${#leftovers[@]} -gt 0 ]; then
    note "结束遗留的数据库进程 / ending what a killed server left behind: ${leftovers[*]}"
    kill -QUIT "${leftovers[@]}" 2>/dev/null || true
    sleep 1
  elif [ -d "/proc/$pid" ]; then
    as_owner rm -f -- "$data/postmaster.pid" # the number belongs to some other program by now
  fi
}

cluster_launch_patiently() {
  local attempt
  [ "$(stat -c %s "$log" 2>/dev/null || echo 0)" -lt 10000000 ] || as_owner mv -- "$log" "$log.1"
  for attempt in 1 2 3 4 5; do
    cluster_clear
    cluster_choose_socket
    cluster_write_settings
    cluster_write_people
    ! cluster_launch || return 0
    note "没有启动,再试($attempt/5)/ it did not start, trying again"
    sleep "$attempt"
  done
  { echo && tail -n 5 "$log" 2>/dev/null; } >&2
  die "数据库启动不了" "the database does not start" "原因见 / see $log" "空间 / space: df -h '$cluster_home' /dev/shm"
}

# cluster_await_other: a postmaster that is there but not ready is starting, recovering or stopping: give it time.
cluster_await_other() {
  local seconds=0
  while cluster_alive; do
    [ "$seconds" -ne 0 ] || note "数据库正在启动、恢复或停止,等它 / it is starting, recovering or stopping: waiting"
    [ $((seconds += 1)) -le 120 ] || die "数据库两分钟没有应答(pid $cluster_pid)" "the database did not answer for two minutes (pid $cluster_pid)" "原因见 / see $log"
    sleep 1
    ! cluster_is_ready || return 0
  done
}

cluster_ensure_running() {
  [ -f "$data/PG_VERSION" ] || cluster_create
  cluster_is_ready || cluster_await_other
  if cluster_is_ready; then
    step "数据库已在运行" "PostgreSQL $pg_version + PostGIS: already running (pid $cluster_pid)"
  else
    step "启动数据库" "starting PostgreSQL $pg_version + PostGIS"
    cluster_launching=yes
    cluster_launch_patiently
    cluster_alive || die "数据库刚启动就停了" "the database stopped right after its start" "原因见 / see $log"
    echo "$cluster_pid" >"$GRIDMGR_VAR/run/started"
  fi
  cluster_is_settled || cluster_settle
}

# ── Whose what is ───────────────────────────────────────────────────────────────────────────────────────────

# cluster_is_settled: the application's database belongs to its plain role. It is handed over last.
cluster_is_settled() {
  [ "$(sql_as gridmgr_owner -d postgres 2>/dev/null \
    -c "SELECT NOT rolsuper FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE datname = 'gridmgr' AND rolname = 'gridmgr'")" = t ]
}

# cluster_settle: makes the roles, the extensions and the database, or hands an earlier version's over. Each step may
# find itself done: whatever cut the last attempt short, the next start goes on from there.
cluster_settle() {
  local database
  sql_as gridmgr_owner -d postgres -c 'SELECT' >/dev/null 2>&1 || cluster_part_roles
  sql_as gridmgr_owner -d postgres <<'SQL'
DROP ROLE IF EXISTS gridmgr_moving;
DO $$ BEGIN IF to_regrole('gridmgr') IS NULL THEN CREATE ROLE gridmgr; END IF; END $$;
-- CREATEDB for the databases of tests.
ALTER ROLE gridmgr LOGIN NOSUPERUSER NOCREATEROLE NOREPLICATION NOBYPASSRLS CREATEDB;
SQL
  cluster_make_extensions template1 # so each new database has them, tests' too
  while read -r database; do
    [ "$database" = gridmgr ] || cluster_hand_over "$database"
  done < <(sql_as gridmgr_owner -d postgres -c "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate AND datdba = 10 AND datname <> 'postgres'")
  if [ -z "$(sql_as gridmgr_owner -d postgres -c "SELECT 1 FROM pg_database WHERE datname = 'gridmgr'")" ]; then
    sql_as gridmgr_owner -d postgres -c 'CREATE DATABASE gridmgr OWNER gridmgr'
  else
    cluster_make_extensions gridmgr
    cluster_hand_over gridmgr
  fi
}

cluster_make_extensions() {
  sql_as gridmgr_owner -d "$1" -c 'CREATE EXTENSION IF NOT EXISTS postgis' -c 'CREATE EXTENSION IF NOT EXISTS btree_gist' \
    -c 'CREATE EXTENSION IF NOT EXISTS pg_trgm'
}

# cluster_part_roles: in clusters of earlier versions gridmgr itself is the role that initdb made, a superuser for ever.
# It becomes gridmgr_owner, which it can't do itself.
cluster_part_roles() {
  step "数据库改由普通角色拥有" "the database goes over to a plain role"
  if ! sql_as gridmgr_owner -d postgres -c 'SELECT' 2>&1 | grep -q 'does not exist'; then # it doesn't know the role's people yet
    cluster_write_people
    as_owner "$pg_bin/pg_ctl" reload --silent -D "$data"
    sleep 1
    ! sql_as gridmgr_owner -d postgres -c 'SELECT' >/dev/null 2>&1 || return 0
  fi
  sql_as gridmgr -d postgres -c "DO \$\$ BEGIN IF to_regrole('gridmgr_moving') IS NULL THEN CREATE ROLE gridmgr_moving SUPERUSER LOGIN; END IF; END \$\$"
  sql_as gridmgr_moving -d postgres -c 'ALTER ROLE gridmgr RENAME TO gridmgr_owner'
}

# cluster_hand_over DATABASE: all in it that belongs to the cluster's owner, but what is an extension's, in one
# transaction; then the database itself. REASSIGN OWNED refuses the role that initdb made.
cluster_hand_over() {
  sql_as gridmgr_owner -d "$1" --single-transaction <<'SQL'
DO $$
DECLARE command text;
BEGIN
  FOR command IN
    WITH ours AS (SELECT oid FROM pg_namespace WHERE nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'),
    free AS (
      SELECT 'pg_class'::regclass AS kind, oid, relnamespace AS schema, CASE relkind
               WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END AS what,
             oid::regclass::text AS name
      FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'S') AND relowner = 10
      UNION ALL
      SELECT 'pg_proc'::regclass, oid, pronamespace, 'ROUTINE', oid::regprocedure::text FROM pg_proc WHERE proowner = 10
      UNION ALL
      SELECT 'pg_type'::regclass, oid, typnamespace, 'TYPE', oid::regtype::text FROM pg_type t
      WHERE typowner = 10 AND typelem = 0 AND (typtype IN ('d', 'e', 'r')
            OR typtype = 'c' AND (SELECT relkind FROM pg_class c WHERE c.oid = t.typrelid) = 'c')
      UNION ALL
      SELECT 'pg_namespace'::regclass, oid, oid, 'SCHEMA', oid::regnamespace::text FROM pg_namespace WHERE nspowner = 10
    )
    SELECT format('ALTER %s %s OWNER TO gridmgr', what, name) FROM free
    WHERE schema IN (SELECT oid FROM ours)
      -- An extension's own stays with it; a column's sequence goes with its table.
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = free.kind AND d.objid = free.oid
                      AND (d.deptype = 'e' OR what = 'SEQUENCE' AND d.deptype IN ('a', 'i')))
  LOOP
    EXECUTE command;
  END LOOP;
  EXECUTE format('ALTER DATABASE %I OWNER TO gridmgr', current_database());
END $$;
SQL
}

cluster_start() {
  if [ -n "$cluster_external" ]; then
    step "使用 DATABASE_URL 所指的数据库" "using the database of DATABASE_URL"
    return
  fi
  cluster_find
  exec 7>>"$GRIDMGR_VAR/run/in-use" 8>>"$GRIDMGR_VAR/run/cluster.lock"
  flock 8
  flock -s 7
  cluster_ensure_running
  DATABASE_URL="postgresql:///gridmgr?host=$(cluster_socket)&port=5432&user=gridmgr"
  [ "$(cat "$GRIDMGR_VAR/database-url" 2>/dev/null)" = "$DATABASE_URL" ] ||
    (umask 077 && echo "$DATABASE_URL" >"$GRIDMGR_VAR/database-url")
  export DATABASE_URL
  socket=$(cluster_socket)
  flock -u 8
}

# cluster_revive: starts it again when it died under a script that uses it.
cluster_revive() {
  flock 8
  cluster_ensure_running
  flock -u 8
}

cluster_is_ours() { [ "$cluster_launching" = yes ] || [ "$(cat "$GRIDMGR_VAR/run/started" 2>/dev/null)" = "$cluster_pid" ]; }

# cluster_stop: leaves the cluster to those who still use it; never fails, since it runs when all else has.
cluster_stop() {
  [ -z "$cluster_external" ] && [ -n "${data:-}" ] && { : >&7; } 2>/dev/null || return 0
  flock 8
  if flock -n -x 7 && cluster_alive && cluster_is_ours; then
    socket=$(cluster_socket)
    as_owner "$pg_bin/pg_ctl" stop --silent -D "$data" -m fast -t 60 >>"$GRIDMGR_VAR/bootstrap.log" 2>&1 ||
      as_owner "$pg_bin/pg_ctl" stop --silent -D "$data" -m immediate >>"$GRIDMGR_VAR/bootstrap.log" 2>&1 || true
    rm -f -- "$GRIDMGR_VAR/run/started" "$GRIDMGR_VAR/database-url"
    case $socket in /tmp/gridmgr-*) as_owner rm -rf -- "$socket" ;; esac
  fi
  flock -u 8
  exec 7>&- 8>&-
}
