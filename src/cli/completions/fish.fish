
# Behind 'authy run … --' the words are another command's: its own completion answers.
function __authy_command --description 'What is typed behind the -- of authy run'
    set --local words (commandline --current-process --tokenize --cut-at-cursor)
    set --local at (contains --index -- -- $words); or return 1
    contains -- run $words[1..$at]; or return 1
    set --local typed (commandline --current-token --cut-at-cursor)
    test (count $words) -gt $at; and set --local rest (string escape -- $words[(math $at + 1)..-1])
    string join ' ' -- $rest "$typed"
    # One word is nothing to join, which 'string' calls a failure.
    return 0
end
complete --command authy --condition '__authy_command >/dev/null' --arguments '(complete --do-complete (__authy_command))'
