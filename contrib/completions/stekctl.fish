# fish completion for stekctl(8)
set -l commands status keys timeline rotate revoke watch help version

function __stekctl_keysets
    stekctl status 2>/dev/null | string replace -rf '^keyset ' ''
end

function __stekctl_keys
    stekctl keys 2>/dev/null | string match -vr '  revoked ' | string replace -rf '^([0-9a-f]{32})  ([a-z]+).*' '$1\t$2'
end

complete -c stekctl -f
complete -c stekctl -s r -l rundir -xa '(__fish_complete_directories)' -d 'where the control socket is'
complete -c stekctl -s k -l keyset -xa '(__stekctl_keysets)' -d 'which keyset'
complete -c stekctl -l json -d 'print the answer for programs'
complete -c stekctl -l help -d 'say how to use it'

set -l none "not __fish_seen_subcommand_from $commands"
complete -c stekctl -n $none -a status -d 'show keysets, the key that seals, and what servers do'
complete -c stekctl -n $none -a keys -d 'list every key with its times and its use'
complete -c stekctl -n $none -a timeline -d 'draw the keys over time'
complete -c stekctl -n $none -a rotate -d 'make a key that takes over sealing at once'
complete -c stekctl -n $none -a revoke -d 'withdraw keys'
complete -c stekctl -n $none -a watch -d 'show the status live'
complete -c stekctl -n $none -a help -d 'say how to use stekctl, or one command'
complete -c stekctl -n $none -a version -d 'say which release this is'

complete -c stekctl -n '__fish_seen_subcommand_from revoke timeline' -l all -d 'every key'
complete -c stekctl -n '__fish_seen_subcommand_from timeline' -l svg -d 'as SVG'
complete -c stekctl -n '__fish_seen_subcommand_from timeline' -l ascii -d 'with plain characters'
complete -c stekctl -n '__fish_seen_subcommand_from revoke' -l only -d 'just these keys'
complete -c stekctl -n '__fish_seen_subcommand_from revoke' -a '(__stekctl_keys)'
complete -c stekctl -n '__fish_seen_subcommand_from watch' -s n -x -d 'ask so often, in seconds'
complete -c stekctl -n '__fish_seen_subcommand_from help' -a "$commands"
