# Programs of the project you are in, for bash. Made by 'authy hook bash'; evaluate it in ~/.bashrc.
# Nothing of a project file is evaluated: lines of 'authy hook-state' are taken apart and checked.
if ((BASH_VERSINFO[0] < 4)); then
    echo "authy: the hook needs bash 4 or newer" >&2
else
    # Evaluated again, as after an edit of ~/.bashrc: what is defined goes first.
    if declare -F _authy_leave >/dev/null; then
        _authy_leave
    fi
    _authy_names=() _authy_bodies=() _authy_aliases=() _authy_functions=()
    _authy_key='' _authy_pwd='' _authy_dir=''
    _authy_scope='' _authy_keyfile='' _authy_key_was='' _authy_key_old=''

    _authy_leave() {
        local i name
        for ((i = ${#_authy_names[@]} - 1; i >= 0; i--)); do
            name=${_authy_names[i]}
            # What was changed meanwhile is the user's.
            if [[ $(declare -f -- "$name") == *'_authy_run '* ]]; then
                unset -f -- "$name"
                if [[ -n ${_authy_functions[i]} ]]; then
                    eval "${_authy_functions[i]}"
                fi
            fi
            if [[ ${_authy_aliases[i]} == =* && -z ${BASH_ALIASES[$name]+x} ]]; then
                alias -- "$name=${_authy_aliases[i]#=}"
            fi
        done
        if [[ -n $_authy_keyfile && ${AUTHY_KEYFILE-} == "$_authy_keyfile" ]]; then
            if [[ -n $_authy_key_was ]]; then
                export AUTHY_KEYFILE="$_authy_key_old"
            else
                unset AUTHY_KEYFILE
            fi
        fi
        _authy_names=() _authy_bodies=() _authy_aliases=() _authy_functions=()
        _authy_scope='' _authy_keyfile=''
    }

    # Starts a program through authy, where the folder one is in says so by now.
    _authy_run() {
        local i words
        _authy_hook quiet
        for ((i = 0; i < ${#_authy_names[@]}; i++)); do
            if [[ ${_authy_names[i]} == "$1" ]]; then
                IFS=' ' read -ra words <<<"${_authy_bodies[i]}"
                command "${words[@]}" "${@:2}"
                return
            fi
        done
        "$@"
    }

    _authy_enter() {
        local LC_ALL=C line name body
        while IFS= read -r line; do
            case $line in
            'scope '*)
                [[ ${line#scope } =~ ^[a-z0-9][a-z0-9._-]{0,63}$ ]] && _authy_scope=${line#scope } || :
                ;;
            'keyfile /'*)
                _authy_keyfile=${line#keyfile }
                _authy_key_was=${AUTHY_KEYFILE+x} _authy_key_old=${AUTHY_KEYFILE-}
                export AUTHY_KEYFILE="$_authy_keyfile"
                ;;
            'alias '*)
                line=${line#alias } name=${line%% *} body=${line#* }
                if [[ $name =~ ^[a-z][a-z0-9_.-]{0,31}$ && $body =~ ^authy\ run\ [A-Za-z0-9_.\ -]+$ ]]; then
                    _authy_names+=("$name") _authy_bodies+=("$body")
                    _authy_functions+=("$(declare -f -- "$name" || :)")
                    _authy_aliases+=("${BASH_ALIASES[$name]+=${BASH_ALIASES[$name]}}")
                    # An alias would go first.
                    unalias -- "$name" 2>/dev/null || :
                    # The name passed the pattern above: a plain word.
                    eval "function $name { _authy_run $name \"\$@\"; }"
                fi
                ;;
            esac
        done <<<"$1"
    }

    _authy_hook() {
        local status=$? dir file='' text='' stamp='' state key out name gone=() said=''
        if [[ $PWD != "$_authy_pwd" ]]; then
            _authy_pwd=$PWD
            _authy_dir=$(pwd -P 2>/dev/null) || _authy_dir=$PWD
        fi
        dir=$_authy_dir
        while :; do
            if [[ -f $dir/.authy.toml && -r $dir/.authy.toml ]]; then
                file=$dir/.authy.toml
                break
            fi
            if [[ -z $dir || $dir != */* ]]; then
                break
            fi
            dir=${dir%/*}
        done
        if [[ -n $file ]]; then
            IFS= read -r -N 65537 text 2>/dev/null <"$file" || :
            state=${AUTHY_STATE_DIR:-${XDG_STATE_HOME:-${HOME-}/.local/state}/authy}/trusted-changed
            if [[ -r $state ]]; then
                IFS= read -r stamp <"$state" || :
            fi
        fi
        key=$file$'\n'$stamp$'\n'$text
        if [[ $key == "$_authy_key" || (-z $file && -z $_authy_key) ]]; then
            return "$status"
        fi
        _authy_key=$key
        if [[ -z $file ]]; then
            _authy_key=''
        fi
        gone=(${_authy_names[@]+"${_authy_names[@]}"})
        _authy_leave
        out=''
        if [[ -n $file ]]; then
            out=$(authy hook-state) || out=''
        fi
        _authy_enter "$out"
        for name in ${gone[@]+"${gone[@]}"}; do
            said+=" -$name"
        done
        for name in ${_authy_names[@]+"${_authy_names[@]}"}; do
            said+=" +$name"
        done
        if [[ -n $said && ${1-} != quiet && $BASH_SUBSHELL == 0 ]]; then
            echo "authy:$said${_authy_scope:+ (scope $_authy_scope)}" >&2
        fi
        return "$status"
    }

    # Another folder is another project at once, for what stands behind 'cd' on the same line.
    _authy_moved() {
        local authy_status=0
        if declare -F "_authy_user_$1" >/dev/null; then
            "_authy_user_$1" "${@:2}" || authy_status=$?
        else
            builtin "$@" || authy_status=$?
        fi
        _authy_hook
        return "$authy_status"
    }

    for _authy_name in cd pushd popd; do
        if [[ $(declare -f "$_authy_name") != *'_authy_moved '* ]]; then
            if declare -F "$_authy_name" >/dev/null; then
                eval "_authy_user_$(declare -f "$_authy_name")"
            fi
            eval "function $_authy_name { _authy_moved $_authy_name \"\$@\"; }"
        fi
    done
    unset _authy_name

    if [[ "$(declare -p PROMPT_COMMAND 2>/dev/null)" == "declare -a"* ]]; then
        if [[ " ${PROMPT_COMMAND[*]-} " != *" _authy_hook "* ]]; then
            PROMPT_COMMAND=(_authy_hook ${PROMPT_COMMAND[@]+"${PROMPT_COMMAND[@]}"})
        fi
    elif [[ ";${PROMPT_COMMAND-};" != *";_authy_hook;"* ]]; then
        PROMPT_COMMAND="_authy_hook${PROMPT_COMMAND:+;$PROMPT_COMMAND}"
    fi
fi
