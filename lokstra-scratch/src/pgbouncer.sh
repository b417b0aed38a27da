# The parent of one PgBouncer. Standard input is a pipe that its user holds open and writes verbs to:
# its end is the end of PgBouncer.
dir=$1 program=$2 settings=$3 users=$4

# The end of our user must not be our end: we have to clean up after it.
trap '' HUP INT PIPE
trap 'leave' TERM

mkdir -m 700 "$dir" && cd "$dir" || exit
exec 2>>log
printf '%s\n' "$settings" >pgbouncer.ini
printf '%s\n' "$users" >users.txt

start() {
    "$program" pgbouncer.ini </dev/null >>log 2>&1 &
    pid=$!
    until [ -S .s.PGSQL.6432 ]; do
        kill -0 "$pid" || return
        sleep 0.01
    done
}

# Without a farewell to its clients, as in a crash.
end() {
    kill -9 "$pid" && wait "$pid"
    rm -f .s.PGSQL.6432
}

leave() {
    trap '' TERM
    end
    cd / && rm -rf "$dir"
    exit
}

answer() {
    if "$@"; then echo done; else echo failed; fi
}

while read -r verb; do
    case $verb in
    start) answer start ;;
    kill) answer end ;;
    esac
done
leave
