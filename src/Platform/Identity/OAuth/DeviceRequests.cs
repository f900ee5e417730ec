using System.Security.Cryptography;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Identity.OAuth;

/// <summary>A program that asks for a sign-in on another device (RFC 8628), until it is answered and has its token.</summary>
internal sealed record DeviceRequest
{
    /// <summary>Names the request in the program's own code, which nobody else has.</summary>
    public required string Grant { get; init; }

    public required string Client { get; init; }
    public string? Address { get; init; }
    public string? UserAgent { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Id of the person who allowed it; null: nobody has yet.</summary>
    public string? Person { get; init; }

    /// <summary>Id of the session of the browser in which they did: it must last until the program has its own.</summary>
    public string? Browser { get; init; }

    /// <summary>Id of the organization that they chose.</summary>
    public string? Organization { get; init; }

    public bool IsDenied { get; init; }
}

/// <summary>
/// Keeps requests of programs by the code that people enter. Not in the log, which keeps everything: anyone can make one. Bounded: each
/// source makes a few in a minute, and they are gone after <see cref="Lifetime"/>. Safe for concurrent use, also by several servers.
/// </summary>
internal sealed class DeviceRequests(IDurableValues values, TimeProvider time)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    private const string Folder = "device/";
    private const int Letters = 8;
    private const int PageSize = 200;

    /// <summary>Of the whole cloud: then only those that are there can be answered.</summary>
    private const int Max = 10_000;

    /// <summary>No vowels, so that no words come out, and nothing that looks like something else.</summary>
    private const string Alphabet = "BCDFGHJKLMNPQRSTVWXZ";

    /// <summary>How many there were at the last sweep, and how many were made here since.</summary>
    private int roughCount;

    /// <returns>The code, such as BCDF-GHJK; null: there are too many requests.</returns>
    public async ValueTask<string?> AddAsync(DeviceRequest request, CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref roughCount) >= Max) return null;
        Interlocked.Increment(ref roughCount);
        var letters = RandomNumberGenerator.GetString(Alphabet, Letters);
        if (await FindAsync(letters, cancellationToken) is not null) return null; // one in billions: the program asks again
        await WriteAsync(letters, request, cancellationToken);
        return $"{letters[..4]}-{letters[4..]}";
    }

    /// <param name="code">As it was entered: small letters, spaces and dashes make no difference.</param>
    /// <returns>Null for one that is unknown or has expired.</returns>
    public async ValueTask<DeviceRequest?> FindAsync(string? code, CancellationToken cancellationToken)
    {
        if (LettersOf(code) is not { } letters) return null;
        var found = (await values.ReadAsync(TenantId.Platform, Folder + letters, cancellationToken))?.To(WireJson.Of<DeviceRequest>());
        return found is not null && time.GetUtcNow() - found.CreatedAt < Lifetime ? found : null;
    }

    /// <summary>Keeps an answer to a request.</summary>
    public ValueTask AnswerAsync(string code, DeviceRequest answered, CancellationToken cancellationToken) =>
        WriteAsync(LettersOf(code)!, answered, cancellationToken);

    public ValueTask RemoveAsync(string code, CancellationToken cancellationToken) =>
        values.DeleteAsync(TenantId.Platform, Folder + LettersOf(code), cancellationToken);

    /// <summary>Removes those that have expired.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        var (after, left) = ((string?)null, 0);
        while (await values.ListAsync(TenantId.Platform, Folder, after, PageSize, cancellationToken) is { Count: > 0 } page)
        {
            foreach (var value in page)
            {
                if (time.GetUtcNow() - value.Value.To(WireJson.Of<DeviceRequest>()).CreatedAt < Lifetime) left++;
                else await values.DeleteAsync(TenantId.Platform, value.Name, cancellationToken);
            }
            after = page[^1].Name;
        }
        Interlocked.Exchange(ref roughCount, left);
    }

    private ValueTask WriteAsync(string letters, DeviceRequest request, CancellationToken cancellationToken) => values.WriteAsync(
        TenantId.Platform, Folder + letters, JsonText.From(request, WireJson.Of<DeviceRequest>()), cancellationToken);

    private static string? LettersOf(string? code)
    {
        if (code is not { Length: >= Letters and <= 40 }) return null;
        var letters = string.Concat(code.Where(c => c is not (' ' or '-'))).ToUpperInvariant();
        return letters.Length == Letters && letters.All(c => Alphabet.Contains(c, StringComparison.Ordinal)) ? letters : null;
    }
}
