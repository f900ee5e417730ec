using System.Text.Json;
using System.Text.RegularExpressions;
using Strata.Client;
using Strata.Core;

namespace Strata.Cli.Kinds;

/// <summary>Names for ids that tables show, each asked for once; an id whose resource is gone or hidden stays as it is.</summary>
internal sealed partial class NameBook(StrataClient client, KindCatalog kinds)
{
    private const int LookupsMax = 200;

    private readonly Dictionary<string, string> names = new(StringComparer.Ordinal);

    public async Task<string> NameAsync(string text, CancellationToken cancellationToken)
    {
        if (!Id().IsMatch(text) || kinds.FindById(text) is not { } kind) return text;
        if (names.TryGetValue(text, out var known)) return known;
        var name = names.Count < LookupsMax ? await AskAsync(kind, text, cancellationToken) : text;
        return names[text] = name;
    }

    private async Task<string> AskAsync(KindInfo kind, string id, CancellationToken cancellationToken)
    {
        try
        {
            return (await client.Resources(kind.Plural).GetAsync(id, cancellationToken: cancellationToken)).Name;
        }
        catch (StrataException e) when (e.Error.Kind is ErrorKind.NotFound or ErrorKind.Forbidden)
        {
            return id;
        }
    }

    [GeneratedRegex("^[a-z]{2,8}_[0-9a-hjkmnp-tv-z]{26}\\z", RegexOptions.CultureInvariant)]
    private static partial Regex Id();
}
