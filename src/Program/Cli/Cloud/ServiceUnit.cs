using System.Globalization;
using System.Text;

namespace Strata.Cli.Cloud;

/// <summary>The systemd unit that runs <c>strata up</c> in the foreground. Pure.</summary>
internal sealed record ServiceUnit
{
    /// <summary>Absolute path of the program.</summary>
    public required string Executable { get; init; }

    /// <summary>The data folder.</summary>
    public required string Home { get; init; }

    /// <summary>Flags of <c>strata up</c>.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Variables that the server needs to find its tools; systemd sets almost none.</summary>
    public IReadOnlyList<(string Name, string Value)> Variables { get; init; } = [];

    /// <summary>Of the machine; otherwise of one user's systemd.</summary>
    public bool IsSystem { get; init; }

    /// <summary>The first line: distinguishes a unit of this data folder from any other file.</summary>
    public string Mark => $"# Written by \"strata install-service\" for {Home}.";

    /// <summary>
    /// KillMode=process: on a stop, the server stops what it started, in its order; after a crash, instances and the database run on and
    /// the next start adopts them. Exit codes 2 and 74 (wrong usage or settings, another server runs) would fail again, so they are not
    /// retried.
    /// </summary>
    public string Text => string.Create(CultureInfo.InvariantCulture, $"""
        {Mark}
        # Run it again after the program moved, or to start with other flags.
        [Unit]
        Description=Strata cloud in {Escape(Home)}
        {(IsSystem ? "Wants=network-online.target\nAfter=network-online.target\n" : "")}StartLimitIntervalSec=0

        [Service]
        Type=exec
        {string.Concat(Variables.Select(v => $"Environment={Quote($"{v.Name}={v.Value}", isCommand: false)}\n"))}ExecStart={CommandLine}
        KillMode=process
        TimeoutStopSec=120
        Restart=on-failure
        RestartSec=2
        RestartPreventExitStatus=2 74
        SuccessExitStatus=130 143
        Delegate=yes

        [Install]
        WantedBy={(IsSystem ? "multi-user.target" : "default.target")}

        """);

    private string CommandLine =>
        string.Join(' ', new[] { Executable, "up", "--home", Home }.Concat(Arguments).Select(a => Quote(a, isCommand: true)));

    /// <summary>As systemd.syntax(7) and systemd.service(5) have it: a dollar sign is a variable in command lines only.</summary>
    private static string Quote(string text, bool isCommand)
    {
        var escaped = new StringBuilder();
        foreach (var character in Escape(text))
        {
            if (character is '"' or '\\') escaped.Append('\\');
            if (character is '$' && isCommand) escaped.Append('$');
            escaped.Append(character);
        }
        return text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || "/._-:=,@+%$".Contains(c, StringComparison.Ordinal))
            ? escaped.ToString() : $"\"{escaped}\"";
    }

    private static string Escape(string text) => text.Replace("%", "%%", StringComparison.Ordinal);
}
