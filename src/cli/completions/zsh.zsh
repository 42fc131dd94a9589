
# Behind 'authy run … --' the words are another command's: its own completion answers.
function _authy_complete() {
    local -i at=${words[(i)--]}
    if (( at < CURRENT && ${words[(i)run]} < at )); then
        shift $at words
        (( CURRENT -= at ))
        _normal
    else
        _clap_dynamic_completer_authy
    fi
}

compdef _authy_complete authy
