# Print C source with comments gone and the text of strings and characters blanked, line by line, so
# that other tools see code alone. A line whose comment says "allowed: why" ends in "@allowed".
# With -v keep_paths=1 the quoted path of an #include stays.
function strip(line,    out, c, two, i)
{
    out = ""
    for (i = 1; i <= length(line); i++) {
        c = substr(line, i, 1)
        two = substr(line, i, 2)
        if (in_comment) {
            if (two == "*/") {
                in_comment = 0
                out = out " "
                i++
            }
        } else if (quote != "") {
            if (c == "\\")
                i++
            else if (c == quote) {
                quote = ""
                out = out c
            }
        } else if (two == "/*") {
            in_comment = 1
            i++
        } else if (two == "//") {
            break
        } else {
            if (c == "\"" || c == "'")
                quote = c
            out = out c
        }
    }
    if (line !~ /\\$/)
        quote = "" # only a continued line carries a string over
    return out
}
FNR == 1 {
    in_comment = 0
    quote = ""
}
{
    if (keep_paths && !in_comment && $0 ~ /^[ \t]*#[ \t]*include/) {
        code = $0
        sub(/[ \t]*\/\*.*/, "", code)
    } else {
        code = strip($0)
    }
    print code ($0 ~ /allowed: [a-z]/ ? " @allowed" : "")
}
