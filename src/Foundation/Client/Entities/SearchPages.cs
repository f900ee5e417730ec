using System.Globalization;
using System.Runtime.CompilerServices;
using Strata.Core;

namespace Strata.Client;

/// <summary>
/// A search of any length: page after page, each a stream of lines, until the limit is reached or nothing is left. Without a time each page
/// is of the moment at which it is read, so an entity that is written meanwhile may move from one page to another.
/// </summary>
internal sealed class SearchPages(Transport transport, string model)
{
    /// <summary>The most that the server returns at once.</summary>
    private const int PageMax = 10_000;

    /// <summary>Of a search without a limit: its reader may soon have enough.</summary>
    private const int FirstPage = 1_000;

    private const string Lines = "application/x-ndjson";
    private static readonly JsonText All = JsonText.FromString("""{"type":"group","operator":"AND","conditions":[]}""");

    /// <summary>The envelopes as they come.</summary>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(
        JsonText? condition, SearchOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var path = PathOf(options);
        var (left, page, after) = (options.Limit ?? long.MaxValue, options.Limit is null ? FirstPage : PageMax, (string?)null);
        while (left > 0)
        {
            var asked = (int)Math.Min(left, page);
            var (count, last) = (0, default(ReadOnlyMemory<byte>));
            var next = ApiPath.With(path, ("first", asked.ToString(CultureInfo.InvariantCulture)), ("after", after));
            var call = new Call(HttpMethod.Post, next) { Body = (condition ?? All).Utf8, Accept = Lines };
            await foreach (var line in transport.LinesAsync(call, cancellationToken))
            {
                if (line.Length == 0) continue;
                (count, last) = (count + 1, line);
                yield return line;
            }
            if (count < asked) yield break;
            (left, page, after) = (left - count, PageMax, PositionOf(last));
        }
    }

    private string PathOf(SearchOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(options.Limit ?? 0, nameof(options));
        var path = ApiPath.With($"/api/search/direct/{model}", ("pointInTime", ResourceFilter.Rfc3339(options.At)));
        foreach (var key in options.Sort is { } sort ? SortExpression.Parse([sort]).Value : []) path = ApiPath.With(path, ("sort", key));
        return path;
    }

    private string PositionOf(ReadOnlyMemory<byte> envelope) => transport.Parse(envelope, json =>
    {
        var meta = json.GetProperty("meta");
        return $"{meta.GetProperty("id").GetString()}.{meta.GetProperty("transactionId").GetString()}";
    });
}
