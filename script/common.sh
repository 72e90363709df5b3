# Sourced by the commands beside it: where things are, and how to talk to people.
# shellcheck shell=bash
set -euo pipefail
umask 022

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# shellcheck disable=SC2034  # used by those who source this file
python=$root/.venv/bin/python
GRIDMGR_VAR=$(realpath -m -- "${GRIDMGR_VAR:-$root/var}")
export GRIDMGR_VAR
export PYTHONUTF8=1
# here: stands before a command that is printed, so that it means this folder and not the usual one.
here=
# shellcheck disable=SC2034  # used by those who source this file
[ "$GRIDMGR_VAR" = "$root/var" ] || here="GRIDMGR_VAR=$(printf %q "$GRIDMGR_VAR") "

# step 中文 English: the line that announces a step.
step() { printf '==> %s / %s\n' "$1" "$2"; }

# note TEXT: a detail under a step.
note() { printf '    %s\n' "$*"; }

# die 中文 English [what to do …]: says what failed and the way out, and ends the script.
die() {
  {
    printf '\n错误:%s\nError: %s\n' "$1" "$2"
    shift 2
    [ $# -eq 0 ] || printf '  → %s\n' "$@"
  } >&2
  exit 1
}

# show_usage FILE: the comment at the head of a command is its help.
show_usage() { sed -n '2,/^[^#]/{/^#/!d;/^# shellcheck/d;s/^# \{0,1\}//;p}' "$1"; }

# free_mb PATH: megabytes left on its disk; nothing when that can't be told.
free_mb() { df -Pm -- "$1" 2>/dev/null | awk 'NR == 2 {print $4}'; }

# refuse_full_disk PATH MB: before something begins that needs so much room.
refuse_full_disk() {
  local free
  free=$(free_mb "$1")
  [ -z "$free" ] || [ "$free" -ge "$2" ] || die "$1 所在磁盘只剩 $free MB,至少要 $2 MB" "the disk of $1 has $free MB left; $2 MB are needed" \
    "腾出空间 / make room" "或换盘 / or use another disk: GRIDMGR_VAR=/path/to/var $0"
}

# prepare_var: makes var/ and proves that it can be written to and has room: a city that is there needs little.
prepare_var() {
  local mode=700 least=300
  [ "$(id -u)" -ne 0 ] || mode=711 # the database runs as another user then, and must be let through
  [ -d "$GRIDMGR_VAR" ] || install -d -m "$mode" -- "$GRIDMGR_VAR" 2>/dev/null || true
  if ! (mkdir -p -- "$GRIDMGR_VAR/run" && : >"$GRIDMGR_VAR/run/probe.$$" && rm "$GRIDMGR_VAR/run/probe.$$") 2>/dev/null; then
    die "写不进 $GRIDMGR_VAR(只读、已满或属于别人)" "cannot write to $GRIDMGR_VAR (read-only, full, or someone else's)" \
      "ls -ld '$GRIDMGR_VAR'; df -h '$GRIDMGR_VAR'" "换个地方 / another place: GRIDMGR_VAR=/path/to/var $0"
  fi
  [ ! -s "$GRIDMGR_VAR/srid" ] || least=20
  refuse_full_disk "$GRIDMGR_VAR" "${GRIDMGR_MIN_FREE_MB:-$least}"
}

# refuse_unfinished: a restore that was cut short left a folder in which nothing can be relied on.
refuse_unfinished() {
  [ ! -e "$GRIDMGR_VAR/restore-unfinished" ] || die "$GRIDMGR_VAR 的恢复没有做完" "the restore into $GRIDMGR_VAR was not finished" \
    "再运行一次 / run it again: GRIDMGR_VAR=$GRIDMGR_VAR script/restore FILE"
}

# read_passphrase FILE, ask_passphrase once|again: into the environment of what follows, where no list of processes shows it.
read_passphrase() {
  [ -r "$1" ] || die "读不到口令文件 $1" "cannot read the passphrase file $1"
  IFS= read -r GRIDMGR_BACKUP_PASSPHRASE <"$1" || true
  [ -n "$GRIDMGR_BACKUP_PASSPHRASE" ] || die "口令文件 $1 是空的" "the passphrase file $1 is empty"
  export GRIDMGR_BACKUP_PASSPHRASE
}

ask_passphrase() {
  local repeated
  [ ! -t 0 ] || printf '口令 / passphrase: ' >&2
  IFS= read -rs GRIDMGR_BACKUP_PASSPHRASE || true
  [ ! -t 0 ] || echo >&2
  [ -n "$GRIDMGR_BACKUP_PASSPHRASE" ] || die "口令是空的" "the passphrase is empty"
  if [ "$1" = again ] && [ -t 0 ]; then
    printf '再输一次 / once more: ' >&2
    IFS= read -rs repeated && echo >&2
    [ "$repeated" = "$GRIDMGR_BACKUP_PASSPHRASE" ] || die "两次输入不一样" "the two are not the same"
  fi
  export GRIDMGR_BACKUP_PASSPHRASE
}

# settle_srid: the metric CRS is fixed by the first start: later ones remember it, and refuse another.
settle_srid() {
  local settled
  settled=$(cat "$GRIDMGR_VAR/srid" 2>/dev/null || true)
  if [ -n "$settled" ] && [ "${GRIDMGR_SRID:-$settled}" != "$settled" ]; then
    die "这座城市的坐标系已定为 EPSG:$settled,不能改为 $GRIDMGR_SRID" "this city's CRS is settled: EPSG:$settled, not $GRIDMGR_SRID" \
      "另建一座 / a second city: GRIDMGR_VAR=/path/to/var GRIDMGR_SRID=$GRIDMGR_SRID script/server"
  fi
  export GRIDMGR_SRID=${GRIDMGR_SRID:-${settled:-4547}}
}

# run COMMAND …: runs it so that a signal to this script is heard at once, not when the command ends.
# A trap that ends the script stops the command through `running`.
running=
run() {
  local status=0
  "$@" &
  running=$!
  wait "$running" || status=$?
  running=
  return "$status"
}

stop_running() {
  [ -z "$running" ] || kill -TERM "$running" 2>/dev/null || true
  [ -z "$running" ] || wait "$running" 2>/dev/null || true
  running=
}
