using System.Text.RegularExpressions;

namespace Strata.House.Tests;

/// <summary>
/// docs/errors.md holds each code that the API can answer, and no other: a user who looks one up must find it, and the server's own pages
/// are made from it.
/// </summary>
public partial class ErrorPageTests
{
    private const string Page = "docs/errors.md";

    /// <summary>
    /// Modules whose errors reach a caller or the status of a resource. In them a code is what follows a kind of error, or the constant or
    /// argument of a name that says so.
    /// </summary>
    private static readonly string[] Modules = ["src/Platform", "src/EntityPlatform", "src/Applications", "src/Engine/Blobs",
        "src/Engine/S3Blobs", "src/Fabric/Nodes", "src/Fabric/Certificates", "src/Foundation/Core"];

    /// <summary>Errors that only parts of the server see: they are answered in another form, or retried.</summary>
    private static readonly HashSet<string> Internal = ["MOVED_ON", "ROLLOUT_STALE", "UNCHANGED", "HOST_FOREIGN", "HOST_UNCLAIMED",
        "REFRESH_REUSED", "SERVER_ID_IN_USE", "WORK_ENDED"];

    /// <summary>Where every word in capitals is a code.</summary>
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
        var answered = Answering().Concat(Modules.SelectMany(Repository.Sources)).Distinct()
            .SelectMany(f => KindAndCode().Matches(string.Join('\n', Repository.Lines(f))))
            .ToLookup(m => m.Groups[2].Value, m => statuses[m.Groups[1].Value].FirstOrDefault("500"));
        var documented = Repository.Lines(Page).Select(l => Row().Match(l)).Where(m => m.Success && !OwnStatus.Contains(m.Groups[1].Value));
        var wrong = documented.Where(m => answered.Contains(m.Groups[1].Value) && !answered[m.Groups[1].Value].Contains(m.Groups[2].Value));
        Assert.Empty(
            wrong.Select(m =>
                $"{m.Groups[1].Value} is answered with {string.Join(", ", answered[m.Groups[1].Value])} and not with {m.Groups[2].Value}"));
    }

    [Fact]
    public void ErrorPage_HasEachCode_AndNoOther()
    {
        var answered = Answering().SelectMany(CodesIn).ToHashSet();
        var documented = Repository.Lines(Page).Select(l => Row().Match(l)).Where(m => m.Success).Select(m => m.Groups[1].Value).ToList();
        var ofModules = Modules.SelectMany(Repository.Sources).SelectMany(CodesOf).Except(Internal).ToHashSet();
        Assert.Empty(answered.Concat(ofModules).Except(documented).Order().Select(code => $"{code} is not in {Page}"));
        Assert.Empty(documented.Except(answered).Except(ofModules).Order().Select(code => $"{code} is in {Page} and answered by nothing"));
        Assert.Equal(documented.Distinct(), documented);
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

    /// <summary>Also <c>const string TakenCode = "…"</c>, <c>Code = "…"</c> and <c>Cap("…_CAP_REACHED"</c>.</summary>
    private static IEnumerable<string> CodesOf(string file)
    {
        var text = string.Join('\n', Repository.Lines(file));
        return KindAndCode().Matches(text).Select(m => m.Groups[2].Value).Concat(NamedCode().Matches(text).Select(m => m.Groups[1].Value));
    }

    [GeneratedRegex(@"(?:Code = |Cap\(\s*|\.WriteString\(""code"", |Faulty\(\s*)""([A-Z][A-Z0-9]+(?:_[A-Z0-9]+)*)""")]
    private static partial Regex NamedCode();

    [GeneratedRegex(@"ErrorKind\.\w+,\s*""([A-Z]+)""")]
    private static partial Regex SingleWord();

    [GeneratedRegex(@"ErrorKind\.(\w+) => (\d+)")]
    private static partial Regex KindStatus();

    [GeneratedRegex(@"ErrorKind\.(\w+),\s*""([A-Z0-9_]+)""")]
    private static partial Regex KindAndCode();

    [GeneratedRegex(@"""([A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+)""")]
    private static partial Regex SeveralWords();

    [GeneratedRegex(@"^\| `([A-Z0-9_]+)` \| (\d+) \|")]
    private static partial Regex Row();
}
