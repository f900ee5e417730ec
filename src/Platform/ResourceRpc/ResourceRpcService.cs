using Grpc.Core;
using Strata.Api.InProcess;
using Strata.Wire.Resources;
using Strata.Rpc.Serving;

namespace Strata.ResourceRpc;

/// <summary>Each call is a request of the HTTP API, and its answer that request's, in messages.</summary>
internal sealed class ResourceRpcService(InProcessApi api, ResourcePath paths) : ResourceService.ResourceServiceBase
{
    public override async Task<ListResponse> List(ListRequest request, ServerCallContext context)
    {
        var query = new QueryText().Add(request.Filter).Add("org", request.Org).Add("limit", request.Limit).Add("cursor", request.Cursor)
            .Add("at", request.At);
        return ResourceMessages.Page(await SendAsync("GET", paths.Of(request.Kind) + query, context));
    }

    public override async Task<Resource> Get(GetRequest request, ServerCallContext context) =>
        await OneAsync(
            "GET", paths.Of(request.Kind, request.Name) + new QueryText().Add("org", request.Org).Add("at", request.At), context);

    public override async Task<Resource> Create(CreateRequest request, ServerCallContext context) => await OneAsync(
        "POST", paths.Of(request.Kind) + new QueryText().Add("org", request.Org), context, ResourceMessages.Write(request),
        new Condition(0, request.IdempotencyKey));

    public override async Task<Resource> Patch(PatchRequest request, ServerCallContext context) => await OneAsync(
        "PATCH", paths.Of(request.Kind, request.Name) + new QueryText().Add("org", request.Org), context,
        ResourceMessages.Write(request.Merge ?? new Merge()),
        new Condition(request.IfRevision, request.IdempotencyKey));

    public override async Task<Resource> Transition(TransitionRequest request, ServerCallContext context) => await OneAsync(
        "POST", paths.Of(request.Kind, request.Name, "transitions", request.Transition) + new QueryText().Add("org", request.Org), context,
        request.Merge is { } merge ? ResourceMessages.Write(merge) : default, new Condition(request.IfRevision, request.IdempotencyKey));

    public override async Task<Resource> Delete(DeleteRequest request, ServerCallContext context) => await OneAsync(
        "DELETE",
        paths.Of(request.Kind, request.Name) + new QueryText().Add("org", request.Org).Add("force", request.Force ? "true" : null),
        context, default, new Condition(request.IfRevision, request.IdempotencyKey));

    public override async Task<ListResponse> History(HistoryRequest request, ServerCallContext context)
    {
        var query = new QueryText().Add("org", request.Org).Add("limit", request.Limit).Add("cursor", request.Cursor);
        return ResourceMessages.Page(await SendAsync("GET", paths.Of(request.Kind, request.Name, "history") + query, context));
    }

    /// <summary>The events of the HTTP API's watch; its pings are left out, because HTTP/2 has its own.</summary>
    public override async Task Watch(WatchRequest request, IServerStreamWriter<WatchEvent> responseStream, ServerCallContext context)
    {
        var query = new QueryText().Add(request.Filter).Add("org", request.Org).Add("from", request.From).Add("watch", "true");
        await using var answer = api.Open(Request("GET", paths.Of(request.Kind) + query, context), context.CancellationToken);
        var type = "";
        await foreach (var line in answer.LinesAsync(context.CancellationToken))
        {
            if (ServerSentLine.Read(line) is not var (field, data)) continue;
            if (field == "event") type = System.Text.Encoding.UTF8.GetString(data.Span);
            else if (field == "data" && ResourceMessages.Event(type, data) is { } message)
                await responseStream.WriteAsync(message, context.CancellationToken);
        }
    }

    private async Task<Resource> OneAsync(
        string method, string path, ServerCallContext context, ReadOnlyMemory<byte> body = default, Condition condition = default) =>
        ResourceMessages.One(await SendAsync(method, path, context, body, condition));

    private Task<byte[]> SendAsync(
        string method, string path, ServerCallContext context, ReadOnlyMemory<byte> body = default, Condition condition = default) =>
        api.SendAsync(
            Request(method, path, context, condition) with { Body = body,
                ContentType = method == "PATCH" ? "application/merge-patch+json" : "application/json" }, context.CancellationToken);

    private static InProcessRequest Request(string method, string path, ServerCallContext context, Condition condition = default)
    {
        var headers = new Dictionary<string, string>();
        if (context.GetHttpContext().Request.Headers.Authorization is [{ } token]) headers["Authorization"] = token;
        if (condition.Revision != 0)
            headers["If-Match"] = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"\"{condition.Revision}\"");
        if (!string.IsNullOrEmpty(condition.Key)) headers["Idempotency-Key"] = condition.Key;
        return new InProcessRequest(method, path, headers);
    }

    /// <param name="Revision">That it must still have; 0: any.</param>
    /// <param name="Key">Of the request; empty: none.</param>
    private readonly record struct Condition(long Revision, string? Key);
}
