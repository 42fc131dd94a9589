# Programs of the project you are in, for fish. Made by 'authy hook fish'; source it in config.fish.
# Nothing of a project file is evaluated: lines of 'authy hook-state' are taken apart and checked.
# Sourced again, as after an edit of config.fish: what is defined goes first.
if functions -q _authy_leave
    _authy_leave
end
set -g _authy_names
set -g _authy_bodies
set -g _authy_saved
set -g _authy_key ''
set -g _authy_scope ''
set -g _authy_keyfile ''

function _authy_leave
    for name in $_authy_names
        # What was changed meanwhile is the user's.
        if functions -q $name; and string match -q -- '*_authy_wrapped*' (functions $name | string join ' ')
            functions -e $name
            if contains -- $name $_authy_saved
                functions -c _authy_saved_$name $name
            end
        end
        if contains -- $name $_authy_saved
            functions -e _authy_saved_$name
        end
    end
    if test -n "$_authy_keyfile"; and test "$AUTHY_KEYFILE" = "$_authy_keyfile"
        if set -q _authy_key_old
            set -gx AUTHY_KEYFILE $_authy_key_old
        else
            set -e AUTHY_KEYFILE
        end
    end
    set -g _authy_names
    set -g _authy_bodies
    set -g _authy_saved
    set -g _authy_scope ''
    set -g _authy_keyfile ''
    set -e _authy_key_old
end

# Starts a program through authy, where the folder one is in says so by now.
function _authy_wrapped
    _authy_hook quiet
    if set -l at (contains -i -- $argv[1] $_authy_names)
        set -l words (string split ' ' -- $_authy_bodies[$at])
        command $words $argv[2..-1]
    else
        $argv
    end
end

function _authy_enter
    for line in $argv
        switch $line
            case 'scope *'
                set -l scope (string replace 'scope ' '' -- $line)
                if string match -qr '^[a-z0-9][a-z0-9._-]{0,63}$' -- $scope
                    set -g _authy_scope $scope
                end
            case 'keyfile /*'
                set -g _authy_keyfile (string replace 'keyfile ' '' -- $line)
                if set -q AUTHY_KEYFILE
                    set -g _authy_key_old $AUTHY_KEYFILE
                end
                set -gx AUTHY_KEYFILE $_authy_keyfile
            case 'alias *'
                set -l parts (string split -m 2 ' ' -- $line)
                set -l name $parts[2]
                set -l body $parts[3]
                if string match -qr '^[a-z][a-z0-9_.-]{0,31}$' -- $name
                    and string match -qr '^authy run [A-Za-z0-9_. -]+$' -- $body
                    if functions -q $name
                        functions -c $name _authy_saved_$name
                        set -ga _authy_saved $name
                        functions -e $name
                    end
                    # Both passed the patterns above: plain words, nothing to expand.
                    eval "function $name --description '$body'; _authy_wrapped $name \$argv; end"
                    set -ga _authy_names $name
                    set -ga _authy_bodies $body
                end
        end
    end
end

function _authy_hook --on-event fish_prompt
    set -l dir (pwd -P)
    set -l file ''
    while true
        if test -f "$dir/.authy.toml"; and test -r "$dir/.authy.toml"
            set file "$dir/.authy.toml"
            break
        end
        if test -z "$dir"
            break
        end
        set dir (string replace -r '/[^/]*$' '' -- $dir)
    end
    set -l text ''
    set -l stamp ''
    if test -n "$file"
        read -z text <"$file"
        set -l state "$HOME/.local/state/authy"
        if set -q XDG_STATE_HOME; and test -n "$XDG_STATE_HOME"
            set state "$XDG_STATE_HOME/authy"
        end
        if set -q AUTHY_STATE_DIR; and test -n "$AUTHY_STATE_DIR"
            set state $AUTHY_STATE_DIR
        end
        if test -r "$state/trusted-changed"
            read stamp <"$state/trusted-changed"
        end
    end
    set -l key "$file|$stamp|$text"
    if test -z "$file"
        set key ''
    end
    if test "$key" = "$_authy_key"
        return
    end
    set -g _authy_key $key
    set -l gone $_authy_names
    _authy_leave
    if test -n "$file"
        _authy_enter (authy hook-state)
    end
    set -l said
    for name in $gone
        set -a said -$name
    end
    for name in $_authy_names
        set -a said +$name
    end
    if test (count $said) -gt 0; and test "$argv" != quiet
        set -l scope ''
        if test -n "$_authy_scope"
            set scope " (scope $_authy_scope)"
        end
        echo "authy: $said$scope" >&2
    end
end

# Another folder is another project at once, for what stands behind 'cd' on the same line.
function _authy_moved --on-variable PWD
    _authy_hook
end
