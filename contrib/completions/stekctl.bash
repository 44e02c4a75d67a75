# bash completion for stekctl(8). Commands and options are those that stekctl help tells.
# shellcheck shell=bash

# The options of a command, or of all: "--json", "-i".
_stekctl_options() {
    stekctl help ${1:+"$1"} 2>/dev/null | sed -n '/^options:/,/^$/ {
        s/^  -\(.\), --\([a-z-]*\).*/-\1\n--\2/p
        s/^      --\([a-z-]*\).*/--\1/p
    }'
}

# What an option of a command wants behind it: "KEYSET", "FILE"; nothing if it wants none.
_stekctl_wants() {
    stekctl help ${1:+"$1"} 2>/dev/null | sed -n '/^options:/,/^$/ {
        s/^  -\(.\), --\([a-z-]*\) \([A-Z][A-Z]*\).*/-\1 \3\n--\2 \3/p
        s/^      --\([a-z-]*\) \([A-Z][A-Z]*\).*/--\1 \2/p
    }' | sed -n "s/^$2 //p"
}

# Names of keysets (status) or of keys (keys). Uses rundir and keyset of the caller.
_stekctl_names() {
    local args=()

    [[ -z $rundir ]] || args+=(-r "$rundir")
    if [[ $1 == status ]]; then
        stekctl "${args[@]}" status 2>/dev/null | sed -n 's/^keyset //p'
    else
        [[ -z $keyset ]] || args+=(-k "$keyset")
        stekctl "${args[@]}" keys 2>/dev/null | sed -n '/^[0-9a-f]*  revoked/d; s/^\([0-9a-f]\{32\}\) .*/\1/p'
    fi
}

# What a command has as its first argument: "[init | join [ANSWER] | ...]".
_stekctl_orders() {
    stekctl help "$1" 2>/dev/null | sed -n '1s/.*\[--json\] \[\(.*\)\]$/\1/p' | tr '|' '\n' |
        sed 's/^ *\([a-z]*\).*/\1/'
}

_stekctl() {
    local word command='' rundir='' keyset='' order='' commands
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local i

    commands=$(stekctl help 2>/dev/null | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        case $word in
        -r | --rundir) rundir=${COMP_WORDS[++i]} ;;
        -k | --keyset) keyset=${COMP_WORDS[++i]} ;;
        -*) [[ -z $(_stekctl_wants "$command" "$word") ]] || ((++i)) ;;
        *) if [[ -z $command ]]; then command=$word; else order=$word; fi ;;
        esac
    done

    COMPREPLY=()
    if [[ $before == -* ]]; then
        case $(_stekctl_wants "$command" "$before") in
        KEYSET) mapfile -t COMPREPLY < <(compgen -W "$(_stekctl_names status)" -- "$current") ;;
        RUNDIR | DIR) mapfile -t COMPREPLY < <(compgen -d -- "$current") ;;
        FILE) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
        esac
        [[ -z $(_stekctl_wants "$command" "$before") ]] || return
    fi
    if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_stekctl_options "$command")" -- "$current")
    elif [[ -z $command || $command == help ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current")
    elif [[ $command == revoke ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_stekctl_names keys)" -- "$current")
    elif [[ $command == farm && -z $order ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_stekctl_orders "$command")" -- "$current")
    fi
}

complete -F _stekctl stekctl
