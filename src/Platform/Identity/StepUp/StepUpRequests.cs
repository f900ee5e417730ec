using System.Security.Cryptography;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Identity.StepUp;

/// <summary>A program that asks its person to show again, in a browser, that it is they.</summary>
internal sealed record StepUpRequest
{
    /// <summary>Id of the program's session, which counts as fresh afterwards.</summary>
    public required string Session { get; init; }

    /// <summary>Id of the only person who can answer.</summary>
    public required string Person { get; init; }

    public string? Address { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>
/// Keeps requests by the code that their person compares. Not in the log, which keeps everything. Bounded: each session has a few, and they
/// are gone after <see cref="Lifetime"/>. Safe for concurrent use, also by several servers.
/// </summary>
internal sealed class StepUpRequests(IDurableValues values, TimeProvider time)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    private const string Folder = "step-up/";
    private const int Letters = 8;
    private const int PageSize = 200;

    /// <summary>No vowels, so that no words come out, and nothing that looks like something else.</summary>
    private const string Alphabet = "BCDFGHJKLMNPQRSTVWXZ";

    /// <returns>The code, such as BCDF-GHJK.</returns>
    public async ValueTask<string> AddAsync(StepUpRequest request, CancellationToken cancellationToken)
    {
        var letters = RandomNumberGenerator.GetString(Alphabet, Letters);
        await values.WriteAsync(
            TenantId.Platform, Folder + letters, JsonText.From(request, WireJson.Of<StepUpRequest>()), cancellationToken);
        return $"{letters[..4]}-{letters[4..]}";
    }

    /// <returns>Null for one that is unknown, was answered, or has expired.</returns>
    public async ValueTask<StepUpRequest?> FindAsync(string? code, CancellationToken cancellationToken)
    {
        if (LettersOf(code) is not { } letters) return null;
        var found = (await values.ReadAsync(TenantId.Platform, Folder + letters, cancellationToken))?.To(WireJson.Of<StepUpRequest>());
        return found is not null && time.GetUtcNow() - found.CreatedAt < Lifetime ? found : null;
    }

    public ValueTask RemoveAsync(string code, CancellationToken cancellationToken) =>
        values.DeleteAsync(TenantId.Platform, Folder + LettersOf(code), cancellationToken);

    /// <summary>Removes those that have expired.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        string? after = null;
        while (await values.ListAsync(TenantId.Platform, Folder, after, PageSize, cancellationToken) is { Count: > 0 } page)
        {
            foreach (var value in page)
            {
                if (time.GetUtcNow() - value.Value.To(WireJson.Of<StepUpRequest>()).CreatedAt >= Lifetime)
                    await values.DeleteAsync(TenantId.Platform, value.Name, cancellationToken);
            }
            after = page[^1].Name;
        }
    }

    private static string? LettersOf(string? code)
    {
        if (code is not { Length: >= Letters and <= 40 }) return null;
        var letters = string.Concat(code.Where(c => c is not (' ' or '-'))).ToUpperInvariant();
        return letters.Length == Letters && letters.All(c => Alphabet.Contains(c, StringComparison.Ordinal)) ? letters : null;
    }
}
