# Programs of the project you are in, for zsh. Made by 'authy hook zsh'; evaluate it in ~/.zshrc.
# Nothing of a project file is evaluated: lines of 'authy hook-state' are taken apart and checked.
# Evaluated again, as after an edit of ~/.zshrc: what is defined goes first.
if ((${+functions[_authy_leave]})); then
    _authy_leave
fi
typeset -ga _authy_names _authy_bodies _authy_aliases _authy_functions
typeset -g _authy_key='' _authy_scope='' _authy_keyfile='' _authy_key_was='' _authy_key_old=''
_authy_names=() _authy_bodies=() _authy_aliases=() _authy_functions=()

_authy_leave() {
    emulate -L zsh
    local -i i
    local name
    for ((i = ${#_authy_names}; i >= 1; i--)); do
        name=${_authy_names[i]}
        # What was changed meanwhile is the user's.
        if [[ ${functions[$name]-} == *'_authy_run '* ]]; then
            unfunction -- "$name"
            if [[ ${_authy_functions[i]} == '='* ]]; then
                functions[$name]=${_authy_functions[i]#=}
            fi
        fi
        if [[ ${_authy_aliases[i]} == '='* && -z ${aliases[$name]+x} ]]; then
            aliases[$name]=${_authy_aliases[i]#=}
        fi
    done
    if [[ -n $_authy_keyfile && ${AUTHY_KEYFILE-} == $_authy_keyfile ]]; then
        if [[ -n $_authy_key_was ]]; then
            export AUTHY_KEYFILE=$_authy_key_old
        else
            unset AUTHY_KEYFILE
        fi
    fi
    _authy_names=() _authy_bodies=() _authy_aliases=() _authy_functions=()
    _authy_scope='' _authy_keyfile=''
}

# Starts a program through authy, where the folder one is in says so by now. What is the user's runs
# under the user's options.
_authy_run() {
    local authy_body
    _authy_hook quiet
    _authy_find "$1"
    if [[ -n $authy_body ]]; then
        _authy_start "$@"
    else
        "$@"
    fi
}

_authy_find() {
    emulate -L zsh
    local -i at=${_authy_names[(Ie)$1]}
    if ((at)); then
        authy_body=${_authy_bodies[at]}
    fi
}

_authy_start() {
    emulate -L zsh
    command "${(@s: :)authy_body}" "${@:2}"
}

_authy_enter() {
    emulate -L zsh -o extended_glob
    local LC_ALL=C line name body
    for line in "${(@f)1}"; do
        case $line in
        ('scope '*)
            if [[ ${line#scope } == [a-z0-9][a-z0-9._-]# ]]; then
                _authy_scope=${line#scope }
            fi
            ;;
        ('keyfile /'*)
            _authy_keyfile=${line#keyfile }
            _authy_key_was=${AUTHY_KEYFILE+x} _authy_key_old=${AUTHY_KEYFILE-}
            export AUTHY_KEYFILE=$_authy_keyfile
            ;;
        ('alias '*)
            line=${line#alias }
            name=${line%% *} body=${line#* }
            if [[ $name == [a-z][a-z0-9_.-]# && ${#name} -le 32 && $body == 'authy run '[A-Za-z0-9_.\ -]## ]]; then
                _authy_names+=("$name") _authy_bodies+=("$body")
                _authy_functions+=("${functions[$name]+=${functions[$name]}}")
                _authy_aliases+=("${aliases[$name]+=${aliases[$name]}}")
                # An alias would go first.
                unset "aliases[$name]"
                functions[$name]="_authy_run $name \"\$@\""
            fi
            ;;
        esac
    done
}

_authy_hook() {
    local -i st=$?
    emulate -L zsh
    local dir=${PWD:A} file='' text='' stamp='' state key out name said=''
    local -a gone
    while true; do
        if [[ -f $dir/.authy.toml && -r $dir/.authy.toml ]]; then
            file=${dir%/}/.authy.toml
            break
        fi
        if [[ $dir == / || -z $dir ]]; then
            break
        fi
        dir=${dir:h}
    done
    if [[ -n $file ]]; then
        read -r -k 65537 -u 0 text 2>/dev/null <$file || :
        state=${AUTHY_STATE_DIR:-${XDG_STATE_HOME:-${HOME-}/.local/state}/authy}/trusted-changed
        if [[ -r $state ]]; then
            IFS= read -r stamp <$state || :
        fi
    fi
    key=$file$'\n'$stamp$'\n'$text
    if [[ $key == $_authy_key || ( -z $file && -z $_authy_key ) ]]; then
        return $st
    fi
    _authy_key=$key
    if [[ -z $file ]]; then
        _authy_key=''
    fi
    gone=("${_authy_names[@]}")
    _authy_leave
    if [[ -n $file ]]; then
        out=$(authy hook-state) || out=''
    fi
    _authy_enter "$out"
    for name in "${gone[@]}"; do
        said+=" -$name"
    done
    for name in "${_authy_names[@]}"; do
        said+=" +$name"
    done
    if [[ -n $said && ${1-} != quiet && $ZSH_SUBSHELL == 0 ]]; then
        print -r -u 2 -- "authy:$said${_authy_scope:+ (scope $_authy_scope)}"
    fi
    return $st
}

# Another folder is another project at once, for what stands behind 'cd' on the same line.
_authy_moved() {
    _authy_hook
}

typeset -ga precmd_functions chpwd_functions
() {
    emulate -L zsh
    if [[ ${chpwd_functions[(Ie)_authy_moved]} -eq 0 ]]; then
        chpwd_functions+=(_authy_moved)
    fi
    if [[ ${precmd_functions[(Ie)_authy_hook]} -eq 0 ]]; then
        precmd_functions=(_authy_hook $precmd_functions)
    fi
}
