# completions.zsh FOLDER LINE: what zsh offers at the end of LINE, a line each.
zmodload zsh/zpty
zpty shell zsh -f -i
send() { zpty -w shell $1 }
wait_for() { # up to what is given
    local text
    zpty -r -m shell text "*$1*"
    print -r -- $text
}
send "PS1= PROMPT= RPS1=; stty -echo; fpath=($1 \$fpath); autoload -Uz compinit; compinit -u -D"
# What would be shown is printed: compadd with -O puts the words that match into an array.
send 'compadd() {
    local -a found
    if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return; fi
    builtin compadd -O found "$@"
    print -rl -- "OFFER "$^found >&2
    builtin compadd "$@"
}'
send 'offer() { zle complete-word; print -u2 DONE""NOW }; zle -N offer; bindkey "^I" offer; LISTMAX=0'
send 'print READY""NOW'
wait_for READYNOW >/dev/null
zpty -w -n shell "$2"$'\t'
wait_for DONENOW | sed -n 's/.*OFFER //p'
zpty -d shell
