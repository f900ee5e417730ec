using System.Collections.Frozen;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Strata.Api.Idempotency;
using Strata.Api.InProcess;
using Strata.CloudEvents.Events;
using Strata.Wire.CloudEvents;
using Strata.Core;

namespace Strata.CloudEvents.Requests;

/// <summary>
/// Answers requests by the type of the event, whatever call they came by. A failure is an answer too; only an event that is not a request
/// ends the call with an error. Safe for concurrent use.
/// </summary>
internal sealed class RequestRouter(InProcessApi api, EventWriter events)
{
    private const string Unknown = "EventAckResponse";
    private static readonly string[] Passed = ["Authorization", RequestHeaders.TransactionToken, Idempotency.Header];

    private static readonly FrozenDictionary<string, RequestHandler> Handlers =
        ModelRequests.All.Concat(EntityRequests.All).Concat(SearchRequests.All).ToFrozenDictionary(h => h.Type, StringComparer.Ordinal);

    public static IReadOnlyCollection<string> Types => Handlers.Keys;

    /// <summary>Exactly one answer.</summary>
    public async Task<CloudEvent> AnswerOneAsync(CloudEvent request, HttpContext http, CancellationToken cancellationToken)
    {
        if (Handlers.TryGetValue(request.Type, out var handler) && handler.IsStream)
            return events.Failure(handler.AnswerType, request.Id, EventReader.Faulty(
                $"{request.Type} can have many answers: send it with entityManageCollection or entitySearchCollection."));
        await foreach (var answer in AnswerAsync(request, http, cancellationToken)) return answer;
        throw new InvalidOperationException($"{request.Type} was not answered.");
    }

    /// <summary>Any number of answers; the last one may report a failure.</summary>
    public async IAsyncEnumerable<CloudEvent> AnswerAsync(
        CloudEvent request, HttpContext http, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (!Handlers.TryGetValue(request.Type, out var handler))
        {
            yield return events.Failure(
                Unknown, request.Id, EventReader.Faulty($"The type of event \"{request.Type.Shortened(100)}\" is not known."));
            yield break;
        }
        if (!EventReader.Read(request).TryGet(out var payload, out var error))
        {
            yield return events.Failure(handler.AnswerType, request.Id, error);
            yield break;
        }
        using (payload)
        {
            var requestId = RequestCall.Optional(payload.RootElement, "id") ?? request.Id;
            var call = new RequestCall(api, payload.RootElement, requestId, HeadersOf(http), cancellationToken);
            await using var parts = handler.Handle(call).GetAsyncEnumerator(cancellationToken);
            while (await NextAsync(parts) is var (part, failure))
            {
                yield return part is not null ? events.Answer(handler.AnswerType, requestId, json => part(json))
                    : events.Failure(handler.AnswerType, requestId, failure!);
                if (failure is not null) yield break;
            }
        }
    }

    /// <summary>Null at the end.</summary>
    private static async ValueTask<(AnswerPart? Part, Error? Failure)?> NextAsync(IAsyncEnumerator<AnswerPart> parts)
    {
        try
        {
            return await parts.MoveNextAsync() ? (parts.Current, null) : null;
        }
        catch (StrataException e)
        {
            return (null, e.Error);
        }
    }

    private static Dictionary<string, string> HeadersOf(HttpContext http)
    {
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var name in Passed)
        {
            if (http.Request.Headers.TryGetValue(name, out var value)) headers[name] = value.ToString();
        }
        if (http.Request.Headers.TryGetValue("tx-token", out var token)) // its name as metadata is shorter
            headers[RequestHeaders.TransactionToken] = token.ToString();
        return headers;
    }
}
