using System.Collections.Frozen;
using System.Text.RegularExpressions;

namespace Strata.Api.Docs;

/// <summary>What docs/errors.md says of one code, without Markdown's links; backticks are kept.</summary>
/// <param name="Section">The heading it is listed under.</param>
internal sealed record DocumentedError(string Code, int Status, string Section, string Meaning, string Action)
{
    /// <summary>Where this server explains it: the <c>type</c> of problem details, relative to the server that answered.</summary>
    public string Path { get; } = ErrorCatalog.Root + "/" + Code;
}

/// <summary>Every code of the API. The one list is docs/errors.md, which is part of this assembly. Immutable.</summary>
internal static partial class ErrorCatalog
{
    public const string Root = "/docs/errors";

    private const string Resource = "Strata.Api.Docs.errors.md";

    /// <summary>In the order of the page.</summary>
    public static IReadOnlyList<DocumentedError> All { get; } = [.. Read()];

    private static readonly FrozenDictionary<string, DocumentedError> ByCode = All.ToFrozenDictionary(e => e.Code, StringComparer.Ordinal);

    /// <summary>Null for a code that is not documented, such as one that a compute member chose.</summary>
    public static DocumentedError? Find(string code) => ByCode.GetValueOrDefault(code);

    private static IEnumerable<DocumentedError> Read()
    {
        using var reader = new StreamReader(typeof(ErrorCatalog).Assembly.GetManifestResourceStream(Resource)!);
        var section = "";
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith("## ", StringComparison.Ordinal)) section = line[3..];
            else if (Row().Match(line) is { Success: true } row)
                yield return new DocumentedError(
                    row.Groups[1].Value, int.Parse(row.Groups[2].ValueSpan, System.Globalization.CultureInfo.InvariantCulture), section,
                    Link().Replace(row.Groups[3].Value, "$1"), Link().Replace(row.Groups[4].Value, "$1"));
        }
    }

    [GeneratedRegex(@"^\| `([A-Z0-9_]+)` \| (\d{3}) \| (.+?) \| (.+?) \|$")]
    private static partial Regex Row();

    [GeneratedRegex(@"\[([^\]]+)\]\([^)]+\)")]
    private static partial Regex Link();
}
