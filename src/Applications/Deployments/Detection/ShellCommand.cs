namespace Strata.Deployments.Detection;

/// <summary>Shell command lines.</summary>
internal static class ShellCommand
{
    private static readonly System.Buffers.SearchValues<char> ShellOperators = System.Buffers.SearchValues.Create(";&|<>()`{}\n#!");

    /// <summary>
    /// The program and arguments that run a command line. A simple command takes the shell's place, so that it gets the signals that are
    /// meant for it.
    /// </summary>
    public static IReadOnlyList<string> ToArguments(string commandLine) => ["/bin/sh", "-c", WithExec(commandLine)];

    public static string WithExec(string commandLine)
    {
        var line = commandLine.Trim();
        return IsSimple(line) ? "exec " + line : line;
    }

    public static string Quote(string text) =>
        text.All(x => char.IsAsciiLetterOrDigit(x) || "._/-+@=:".Contains(x)) && text.Length > 0
            ? text : "'" + text.Replace("'", @"'\''", StringComparison.Ordinal) + "'";

    /// <summary>One program and its arguments: no list, pipe, redirection, grouping, leading assignment or keyword of the shell.</summary>
    private static bool IsSimple(string line)
    {
        if (line.AsSpan().ContainsAny(ShellOperators)) return false;
        var first = line.Split(' ', '\t')[0];
        return first.Length > 0 && !first.Contains('=')
            && first is not ("exec" or "cd" or "export" or "set" or "." or "source" or "if" or "for" or "while" or "until" or "case"
                or "eval" or "ulimit" or "umask");
    }
}
