# fish completion for stekctl(8). Commands and options are those that stekctl help tells.

function __stekctl_commands
    stekctl help 2>/dev/null | sed -n '/^commands:/,/^$/s/^  \([a-z]*\)  *\(.*\)/\1\t\2/p'
end

# The command that was typed, if any.
function __stekctl_command
    set -l names (__stekctl_commands | string replace -r '\t.*' '')
    for word in (commandline -opc)[2..-1]
        contains -- $word $names; and echo $word; and return
    end
    return 1
end

# The options of that command, or of all.
function __stekctl_options
    stekctl help (__stekctl_command) 2>/dev/null | sed -n '/^options:/,/^$/ {
        s/^  -\(.\), --\([a-z-]*\)\( [A-Z]*\)\{0,1\}  *\(.*\)/-\1\t\4\n--\2\t\4/p
        s/^      --\([a-z-]*\)\( [A-Z]*\)\{0,1\}  *\(.*\)/--\1\t\3/p
    }'
end

# What a command has as its first argument: "[init | join [ANSWER] | ...]".
function __stekctl_orders
    stekctl help (__stekctl_command) 2>/dev/null | sed -n '1s/.*\[--json\] \[\(.*\)\]$/\1/p' | tr '|' '\n' | sed 's/^ *\([a-z]*\).*/\1/'
end

function __stekctl_rundir
    set -l words (commandline -opc)
    for i in (seq 2 (math (count $words) - 1))
        contains -- $words[$i] -r --rundir; and echo -- -r; and echo -- $words[(math $i + 1)]; and return
    end
end

function __stekctl_keyset
    set -l words (commandline -opc)
    for i in (seq 2 (math (count $words) - 1))
        contains -- $words[$i] -k --keyset; and echo -- -k; and echo -- $words[(math $i + 1)]; and return
    end
end

function __stekctl_keysets
    stekctl (__stekctl_rundir) status 2>/dev/null | string replace -rf '^keyset ' ''
end

function __stekctl_keys
    stekctl (__stekctl_rundir) (__stekctl_keyset) keys 2>/dev/null | string match -vr '  revoked ' | string replace -rf '^([0-9a-f]{32})  ([a-z]+).*' '$1\t$2'
end

complete -c stekctl -f
complete -c stekctl -s r -l rundir -xa '(__fish_complete_directories)'
complete -c stekctl -s k -l keyset -xa '(__stekctl_keysets)' -n '__stekctl_options | string match -q -- "--keyset*"'
complete -c stekctl -s i -l interval -x -n 'string match -q watch (__stekctl_command)'
complete -c stekctl -s c -l config -rF -n '__stekctl_options | string match -q -- "--config*"'
complete -c stekctl -l root -xa '(__fish_complete_directories)' -n '__stekctl_options | string match -q -- "--root*"'
complete -c stekctl -n 'string match -q -- "-*" (commandline -ct)' -a '(__stekctl_options)'
complete -c stekctl -n 'not __stekctl_command >/dev/null' -a '(__stekctl_commands)'
complete -c stekctl -n 'string match -q help (__stekctl_command)' -a '(__stekctl_commands)'
complete -c stekctl -n 'string match -q revoke (__stekctl_command)' -a '(__stekctl_keys)'
complete -c stekctl -n 'string match -q farm (__stekctl_command); and not string match -qr -- "^(init|join|invite|rekey)\$" (commandline -opc)' -a '(__stekctl_orders)'
