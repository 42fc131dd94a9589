# Functions of the project you are in, for PowerShell. Made by 'authy hook powershell'; put
# 'Invoke-Expression (& authy hook powershell | Out-String)' into $PROFILE.
# Nothing of a project file is evaluated: lines of 'authy hook-state' are taken apart and checked.
# Evaluated again, as after an edit of $PROFILE: what is defined goes first.
if (Get-Item -LiteralPath function:_AuthyLeave -ErrorAction SilentlyContinue) { _AuthyLeave }
$global:_authyNames = @()
$global:_authyBodies = @{}
$global:_authyOld = @{}
$global:_authyKey = ''
$global:_authyScope = ''
$global:_authyKeyfile = ''
$global:_authyKeyOld = $null

function global:_AuthyLeave {
    foreach ($name in $global:_authyNames) {
        $now = Get-Item -LiteralPath "function:global:$name" -ErrorAction SilentlyContinue
        # What was changed meanwhile is the user's.
        if ($now -and $now.Definition -match '_AuthyRun') {
            Remove-Item -LiteralPath "function:global:$name"
            if ($global:_authyOld.ContainsKey($name)) {
                Set-Item -LiteralPath "function:global:$name" -Value $global:_authyOld[$name]
            }
        }
    }
    if ($global:_authyKeyfile -and $env:AUTHY_KEYFILE -ceq $global:_authyKeyfile) {
        $env:AUTHY_KEYFILE = $global:_authyKeyOld
    }
    $global:_authyNames = @()
    $global:_authyBodies = @{}
    $global:_authyOld = @{}
    $global:_authyScope = ''
    $global:_authyKeyfile = ''
}

# Starts a program through authy, where the folder one is in says so by now.
function global:_AuthyRun([string]$Name, [object[]]$More) {
    _AuthyHook -Quiet
    if ($global:_authyBodies.ContainsKey($Name)) {
        $words = $global:_authyBodies[$Name].Split(' ')
        & $words[0] @($words[1..($words.Length - 1)]) @More
    } else {
        & $Name @More
    }
}

function global:_AuthyEnter([string[]]$Lines) {
    foreach ($line in $Lines) {
        if ($line -cmatch '^scope ([a-z0-9][a-z0-9._-]{0,63})$') {
            $global:_authyScope = $Matches[1]
        } elseif ($line -cmatch '^keyfile (/.*)$') {
            $global:_authyKeyOld = $env:AUTHY_KEYFILE
            $global:_authyKeyfile = $Matches[1]
            $env:AUTHY_KEYFILE = $global:_authyKeyfile
        } elseif ($line -cmatch '^alias ([a-z][a-z0-9_.-]{0,31}) (authy run [A-Za-z0-9_. -]+)$') {
            $name = $Matches[1]
            $body = $Matches[2]
            $old = Get-Item -LiteralPath "function:global:$name" -ErrorAction SilentlyContinue
            if ($old) { $global:_authyOld[$name] = $old.ScriptBlock }
            $block = [scriptblock]::Create("_AuthyRun '$name' `$args")
            $global:_authyBodies[$name] = $body
            Set-Item -LiteralPath "function:global:$name" -Value $block
            $global:_authyNames += $name
        }
    }
}

function global:_AuthyHook([switch]$Quiet) {
    $file = ''
    $folder = (Get-Location -PSProvider FileSystem).ProviderPath
    while ($folder) {
        $candidate = Join-Path $folder '.authy.toml'
        if (Test-Path -LiteralPath $candidate -PathType Leaf) { $file = $candidate; break }
        $folder = Split-Path -LiteralPath $folder
    }
    $key = ''
    if ($file) {
        $state = if ($env:AUTHY_STATE_DIR) { $env:AUTHY_STATE_DIR }
            elseif ($env:XDG_STATE_HOME) { Join-Path $env:XDG_STATE_HOME 'authy' }
            else { Join-Path $HOME '.local/state/authy' }
        $stamp = Get-Content -LiteralPath (Join-Path $state 'trusted-changed') -Raw -ErrorAction SilentlyContinue
        $text = Get-Content -LiteralPath $file -Raw -ErrorAction SilentlyContinue
        $key = "$file|$stamp|$text"
    }
    if ($key -ceq $global:_authyKey) { return }
    $global:_authyKey = $key
    $gone = $global:_authyNames
    _AuthyLeave
    if ($file) { _AuthyEnter (& authy hook-state) }
    $said = @($gone | ForEach-Object { "-$_" }) + @($global:_authyNames | ForEach-Object { "+$_" })
    if ($said.Count -gt 0 -and -not $Quiet) {
        $scope = if ($global:_authyScope) { " (scope $($global:_authyScope))" } else { '' }
        [Console]::Error.WriteLine("authy: $($said -join ' ')$scope")
    }
}

if (-not $global:_authyPrompt) {
    $global:_authyPrompt = $function:prompt
    function global:prompt {
        $code = $global:LASTEXITCODE
        _AuthyHook
        $global:LASTEXITCODE = $code
        & $global:_authyPrompt
    }
}

# Another folder is another project at once (PowerShell 7), for what stands behind it on the line.
if (-not $global:_authyMoves -and $ExecutionContext.SessionState.InvokeCommand.PSObject.Properties['LocationChangedAction']) {
    $global:_authyMoves = $true
    $global:_authyMoved = $ExecutionContext.SessionState.InvokeCommand.LocationChangedAction
    $ExecutionContext.SessionState.InvokeCommand.LocationChangedAction = {
        param($sender, $moved)
        if ($global:_authyMoved) { $global:_authyMoved.Invoke($sender, $moved) }
        _AuthyHook
    }
}
