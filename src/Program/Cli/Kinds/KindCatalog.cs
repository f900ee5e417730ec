using System.Text.Json;
using Strata.Client;
using Strata.Cli.Shell;
using Strata.Core;

namespace Strata.Cli.Kinds;

/// <summary>The kinds that the server knows, and how a user's words name them and their resources.</summary>
internal sealed class KindCatalog(IReadOnlyList<KindInfo> kinds)
{
    public IReadOnlyList<KindInfo> All => kinds;

    public static async Task<KindCatalog> LoadAsync(StrataClient client, CancellationToken cancellationToken)
    {
        using var answer = await client.SendAsync(HttpMethod.Get, "/api/v1", cancellationToken: cancellationToken);
        return new KindCatalog(answer!.RootElement.Deserialize(WireJson.Of<KindList>())!.Kinds);
    }

    /// <summary>
    /// By singular, plural or the prefix of its ids; <c>deploy</c> will do for <c>deployments</c> where it means only one.
    /// </summary>
    public KindInfo Find(string word) => TryFind(word) ?? throw Unknown(word).ToException();

    /// <summary>As <see cref="Find"/>; null: no kind, or more than one.</summary>
    public KindInfo? TryFind(string word)
    {
        var lower = word.ToLowerInvariant();
        var exact = kinds.FirstOrDefault(k => k.Name == lower || k.Plural == lower || k.IdPrefix == lower);
        if (exact is not null) return exact;
        var begun = lower.Length < 2 ? [] : kinds.Where(k => k.Plural.StartsWith(lower, StringComparison.Ordinal)).ToList();
        return begun.Count == 1 ? begun[0] : null;
    }

    /// <summary>
    /// Reads "KIND NAME", "KIND/NAME" or an id alone; a name alone means a deployment, unless it is a kind's: then the name is missing.
    /// </summary>
    public ResourceRef Parse(string first, string? second)
    {
        if (second is not null) return new ResourceRef(Find(first), second);
        if (first.IndexOf('/') is > 0 and var slash) return new ResourceRef(Find(first[..slash]), first[(slash + 1)..]);
        if (FindById(first) is { } kind) return new ResourceRef(kind, first);
        if (kinds.FirstOrDefault(k => k.Name == first || k.Plural == first) is { } named) throw NoName(named, first).ToException();
        return new ResourceRef(Find("deployment"), first);
    }

    private static Error NoName(KindInfo kind, string word) => UsageErrors.Of(
        $"\"{word}\" is a kind; the name is missing.",
        $"Write {kind.Name}/NAME; \"strata get {kind.Plural}\" lists them. A deployment of that name is deployment/{word}.");

    /// <summary>The kind whose ids look like this, or null.</summary>
    public KindInfo? FindById(string text) => kinds.FirstOrDefault(k => IdText.TryParse(k.IdPrefix, text, out _));

    public Error Unknown(string word)
    {
        var meant = NearestWord.To(word, kinds.SelectMany(k => (string[])[k.Plural, k.Name])) is { } kind
            ? $"Did you mean \"{kind}\"? " : "";
        return UsageErrors.Of(
            $"There is no kind \"{word}\".", $"{meant}The kinds are: {string.Join(", ", kinds.Select(k => k.Plural).Order())}.");
    }
}

/// <summary>One resource as the user named it.</summary>
internal readonly record struct ResourceRef(KindInfo Kind, string Name);
