using System.Text.RegularExpressions;

namespace Strata.House.Tests;

/// <summary>
/// docs/entities/errors.md holds each code that the entity API can answer, and no other: a user who looks one up must find it.
/// </summary>
public partial class ErrorPageTests
{
    private const string Page = "docs/entities/errors.md";

    /// <summary>Where the entity API's answers come from.</summary>
    private static readonly string[] Folders = ["src/Engine/Entities", "src/EntityPlatform/EntityApi", "src/Platform/Api/Http",
        "src/Platform/Api/Idempotency", "src/Platform/Api/Shares", "src/Foundation/Core/Sharing"];

    private static readonly string[] Files = ["src/Foundation/Core/JsonGuard.cs", "src/Engine/Storage/Postgres/StoreErrors.cs"];

    /// <summary>Words of the contract that are no codes.</summary>
    private static readonly HashSet<string> NoCodes = ["SIMPLE_VIEW", "SAMPLE_DATA", "JSON_SCHEMA"];

    /// <summary>Answered with a status that the server itself sets.</summary>
    private static readonly HashSet<string> OwnStatus = ["METHOD_NOT_ALLOWED", "BODY_TOO_SLOW"];

    [Fact]
    public void ErrorPage_TellsTheStatusOfEachCode()
    {
        var statuses = KindStatus().Matches(string.Join('\n', Repository.Lines("src/Foundation/Core/ErrorStatus.cs")))
            .ToLookup(m => m.Groups[1].Value, m => m.Groups[2].Value);
        var answered = Answering().SelectMany(f => KindAndCode().Matches(string.Join('\n', Repository.Lines(f))))
            .ToLookup(m => m.Groups[2].Value, m => statuses[m.Groups[1].Value].FirstOrDefault("500"));
        var told = Repository.Lines(Page).Select(l => Row().Match(l)).Where(m => m.Success && !OwnStatus.Contains(m.Groups[1].Value));
        var wrong = told.Where(m => answered.Contains(m.Groups[1].Value) && !answered[m.Groups[1].Value].Contains(m.Groups[2].Value));
        Assert.Empty(
            wrong.Select(m =>
                $"{m.Groups[1].Value} is answered with {string.Join(", ", answered[m.Groups[1].Value])} and not with {m.Groups[2].Value}"));
    }

    [Fact]
    public void ErrorPage_HasEachCode_AndNoOther()
    {
        var answered = Answering().SelectMany(CodesIn).ToHashSet();
        var told = Repository.Lines(Page).Select(l => Row().Match(l)).Where(m => m.Success).Select(m => m.Groups[1].Value).ToList();
        Assert.Empty(answered.Except(told).Order().Select(code => $"{code} is not in {Page}"));
        Assert.Empty(told.Except(answered).Order().Select(code => $"{code} is in {Page} and answered by nothing"));
        Assert.Equal(told.Distinct(), told);
    }

    private static IEnumerable<string> Answering() => Folders.SelectMany(Repository.Sources).Concat(Files);

    private static IEnumerable<string> CodesIn(string file)
    {
        var text = string.Join('\n', Repository.Lines(file));
        var single = SingleWord().Matches(text).Select(m => m.Groups[1].Value);
        var several = text.Contains("ErrorKind.", StringComparison.Ordinal) || text.Contains("ToError(", StringComparison.Ordinal)
            ? SeveralWords().Matches(text).Select(m => m.Groups[1].Value) : [];
        return single.Concat(several).Where(code => !NoCodes.Contains(code));
    }

    [GeneratedRegex(@"ErrorKind\.\w+,\s*""([A-Z]+)""")]
    private static partial Regex SingleWord();

    [GeneratedRegex(@"ErrorKind\.(\w+) => (\d+)")]
    private static partial Regex KindStatus();

    [GeneratedRegex(@"ErrorKind\.(\w+),\s*""([A-Z_]+)""")]
    private static partial Regex KindAndCode();

    [GeneratedRegex(@"""([A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+)""")]
    private static partial Regex SeveralWords();

    [GeneratedRegex(@"^\| `([A-Z_]+)` \| (\d+) \|")]
    private static partial Regex Row();
}
