# The parent of one server. Standard input is a pipe that every user of the server holds open and
# writes verbs to: its end is the end of the server.
#
# staged: its directory as we make it            final: its name once shared, or the same
# shared: the directory of the server that all processes share, whether it runs or not
# linger: seconds to wait for another user after the last one has gone
staged=$1 final=$2 shared=$3 bin=$4 linger=$5 settings=$6 access=$7

# The end of our users must not be our end: we have to clean up after them.
trap '' HUP INT PIPE
trap 'leave' TERM

# We make the directory ourselves: whoever started us may be killed before it has a second pipe
# open, and then nobody else would be there to remove it.
mkdir -m 700 "$staged" && cd "$staged" || exit
exec 2>>log

# What is left are names and contents of files.
shift 7
while [ $# -gt 1 ]; do
    (umask 077; printf '%s' "$2" >"$1")
    shift 2
done

# A copy of what initdb made for the shared server takes a tenth of its time. The directory can go at any
# moment, by a rename first: if it is still there after the copy, the copy is whole.
copy() {
    is_ours() { [ -O "$shared" ] && [ ! -L "$shared" ]; }
    is_ours && cp -Rp "$shared/pristine" data && is_ours
}

make() {
    [ -d data ] && return
    copy 2>/dev/null || {
        rm -rf data
        "$bin/initdb" -D data -U postgres -A trust -E UTF8 --no-locale -N </dev/null >>log || return
        [ "$final" != "$shared" ] || { cp -Rp data copying && mv copying pristine; } || rm -rf copying
    }
    printf '%s\n' "$settings" >>data/postgresql.conf && printf '%s\n' "$access" >data/pg_hba.conf
}

start() {
    [ -f ready ] && return
    make && "$bin/pg_ctl" start -D data -l log -w -t 60 </dev/null >>log && : >ready
}

stop() {
    rm -f ready
    [ -f data/postmaster.pid ] || return 0
    "$bin/pg_ctl" stop -D data -m "$1" -w -t 60 </dev/null >>log
}

# Answers go to the process that started us, if it still listens.
answer() {
    if "$@"; then echo done; else echo failed; fi
}

obey() {
    case $verb in
    start) answer start; [ -f ready ] || { : >failed; linger=0; } ;;
    stop) answer stop fast ;;
    kill) answer stop immediate ;;
    esac
}

leave() {
    trap '' TERM
    stop immediate || kill -9 "$(head -n 1 data/postmaster.pid)"
    cd /
    [ -d "$staged" ] || staged=$final
    # First out of the way in one step: a new server may take the name while we delete.
    mv "$staged" "$staged.$$" && rm -rf "$staged.$$"
    exit
}

# Opening one end of a pipe waits for the other, unless both are opened at once.
if [ "$staged" != "$final" ]; then
    { mkfifo -m 600 hold && exec 3<>hold 4<hold 3>&-; } || leave
    echo done
    # Ends when our starter has opened the pipe, or has gone.
    read -r verb
    exec <&4 4<&- >/dev/null
fi

while :; do
    heard=
    while read -r verb; do heard=yes; obey; done
    if [ "$heard" ]; then sleep "$linger"; continue; fi
    # Nobody came during the linger. Shut the door, then look whether somebody slipped in: who finds
    # the door still there after writing to it is in, so that line is ours to read now.
    [ -p hold ] && mv hold gone
    read -r verb || leave
    mv gone hold
    obey
done
