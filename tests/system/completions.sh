#!/bin/sh
# What the shells offer for stekctl is what stekctl itself tells: every command, the options of each
# command and no others, keysets, and keys that are not revoked yet; in real shells.
# shellcheck disable=SC2016,SC2317 # eval has the last word on quotes; check calls functions by name
# shellcheck disable=SC2119
set -u
# shellcheck source=tests/system/frame.sh
. "${0%/*}/frame.sh"
folder=$(cd "${0%/*}/../../contrib/completions" && pwd)
PATH=$STEK_BUILD/src:$PATH
export PATH

# The commands, or the options of a command, as stekctl help tells them.
commands() {
    stekctl help | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' | LC_ALL=C sort
}
options() {
    stekctl help "$1" | sed -n '/^options:/,/^$/s/^  .*\(--[a-z-]*\).*/\1/p' | LC_ALL=C sort
}

same() {
    line="offered: $(echo "$1" | tr '\n' ' '); told: $(echo "$2" | tr '\n' ' ')"
    [ -n "$1" ] && [ "$1" = "$2" ]
}

# Each prints what is offered where the last word of its arguments is begun, a line each.
in_bash() {
    bash --norc -c '
        . "$0/stekctl.bash"
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _stekctl
        [[ ${#COMPREPLY[@]} -eq 0 ]] || printf "%s\n" "${COMPREPLY[@]}"' "$folder" "$@" | LC_ALL=C sort
}
in_fish() {
    HOME=$tmp XDG_CONFIG_HOME=$tmp XDG_DATA_HOME=$tmp fish --no-config -c '
        source $argv[1]/stekctl.fish
        complete -C "$argv[2]" | string replace -r "\t.*" ""' "$folder" "$*" 2>&1 | LC_ALL=C sort -u
}
# zsh completes in its editor alone: a terminal of its own, and instead of being shown, what is
# offered is printed.
in_zsh() {
    zsh -f "${0%/*}/completions.zsh" "$folder" "$*" 2>/dev/null | tr -d '\r' | LC_ALL=C sort -u
}

long() {
    grep -- '^--'
}

cat >"$tmp/stekd.conf" <<'CONF'
keyset "www" { rotate = 30d  lifetime = 12h  patience = 15m }
keyset "api" { rotate = 30d  lifetime = 12h  patience = 15m }
CONF
start_stekd
keys=$(stekctl -k www keys | sed -n 's/^\([0-9a-f]\{32\}\) .*/\1/p' | LC_ALL=C sort)
revoked=$(echo "$keys" | head -n 1)
stekctl -k www revoke --only "$revoked" >/dev/null
keys=$(stekctl -k www keys | sed -n '/ revoked /d; s/^\([0-9a-f]\{32\}\) .*/\1/p' | LC_ALL=C sort)

# can_use SHELL: it is here; and for zsh a terminal can be had, which a bare chroot has not.
can_use() {
    command -v "$1" >/dev/null || return 1
    [ "$1" != zsh ] || zsh -fc 'zmodload zsh/zpty && zpty -b probe true' 2>/dev/null
}

for shell in bash zsh fish; do
    if ! can_use $shell; then
        skip "$shell offers what stekctl tells" "no $shell here, or no terminal for it"
        continue
    fi
    check "$shell: every command" same "$(in_$shell stekctl '')" "$(commands)"
    check "$shell: every command to be explained" same "$(in_$shell stekctl help '')" "$(commands)"
    for command in $(commands); do
        [ "$command" != help ] || continue
        check "$shell: the options of $command" \
            same "$(in_$shell stekctl "$command" -- | long)" "$(options "$command")"
    done
    check "$shell: keysets" same "$(in_$shell stekctl -r "$run" -k '')" "$(printf 'api\nwww')"
    check "$shell: keys, but revoked ones" \
        same "$(in_$shell stekctl -r "$run" -k www revoke '' | grep -v '^-')" "$keys"
    check "$shell: what farm can do" \
        same "$(in_$shell stekctl farm '' | grep -v '^-')" "$(printf 'init\ninvite\njoin\nrekey')"
    check "$shell: files" same "$(in_$shell stekctl setup -c "$tmp/stekd.co" | sed 's|.*/||')" stekd.conf
    check "$shell: nothing instead of a number" eval '[ -z "$(in_$shell stekctl watch -i "")" ]'
done

finish
