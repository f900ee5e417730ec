namespace Strata.Core;

/// <summary>
/// What a copy of a user's files leaves out, and why, for the log of the work: the first <see cref="NamedMax"/> by name, the rest by
/// number. Not safe for concurrent use.
/// </summary>
public sealed class LeftOutFiles
{
    public const int NamedMax = 20;

    public const string NotPlain = "a pipe, socket or device";
    public const string LeadsOut = "a link that leads out of the folder";
    public const string BehindLink = "a folder above it is a link";
    public const string ControlCharacters = "its name has control characters or is not UTF-8";

    private const int NameCharsMax = 200;

    private readonly List<string> named = [];

    public int Count { get; private set; }

    /// <param name="why">Follows "left out: NAME: ".</param>
    public void Add(string name, string why)
    {
        if (++Count <= NamedMax) named.Add($"left out: {Shown(name)}: {why}");
    }

    /// <summary>One line for each named file, and one for all others.</summary>
    public IEnumerable<string> Lines() => Count <= NamedMax ? named : named.Append($"left out: {Count - NamedMax} more");

    /// <summary>Whether archives carry it everywhere: readers of tar disagree about line breaks in names.</summary>
    public static bool IsPortable(string name) => name.Length is > 0 and <= 4096 && !name.Any(c => char.IsControl(c) || c == '\uFFFD');

    private static string Shown(string name) => string.Concat(name.Select(c => char.IsControl(c) ? '?' : c)).Shortened(NameCharsMax);
}
