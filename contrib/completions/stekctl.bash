# bash completion for stekctl(8)
# shellcheck shell=bash

_stekctl() {
    local commands='status keys timeline rotate revoke watch help version'
    local word command='' rundir='' keyset=''
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local i

    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        case $word in
        -r | --rundir) rundir=${COMP_WORDS[++i]} ;;
        -k | --keyset) keyset=${COMP_WORDS[++i]} ;;
        -n) ((i++)) ;;
        -*) ;;
        *) [[ -n $command ]] || command=$word ;;
        esac
    done

    COMPREPLY=()
    case $before in
    -r | --rundir)
        mapfile -t COMPREPLY < <(compgen -d -- "$current")
        return
        ;;
    -k | --keyset)
        mapfile -t COMPREPLY < <(compgen -W "$(_stekctl_names status)" -- "$current")
        return
        ;;
    -n) return ;;
    esac
    if [[ $current == -* ]]; then
        local options='--rundir --keyset --json --help'
        case $command in
        revoke) options+=' --all --only' ;;
        timeline) options+=' --all --svg --ascii' ;;
        watch) options+=' -n' ;;
        esac
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
    elif [[ -z $command || $command == help ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current")
    elif [[ $command == revoke ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_stekctl_names keys)" -- "$current")
    fi
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

complete -F _stekctl stekctl
