using Grpc.Core;
using Strata.Api.Auth;
using Strata.Api.Watch;
using Strata.CloudEvents.Members;
using Strata.CloudEvents.Requests;
using Strata.Wire.CloudEvents;
using Strata.Core;
using Strata.Rpc.Errors;
using Strata.Rpc.Serving;

namespace Strata.CloudEvents;

/// <summary>The service: requests by the type of the event, on any call, and members.</summary>
internal sealed class EventService(RequestRouter router, SessionParts sessions, StreamAccess access)
    : CloudEventsService.CloudEventsServiceBase
{
    private const string Join = "compute.join";

    private static readonly Error OneOrganization = new(
        ErrorKind.Forbidden, "FORBIDDEN", "A compute member belongs to an organization, and this token belongs to the platform.",
        "Use a token of the organization.");

    public override Task startStreaming(
        IAsyncStreamReader<CloudEvent> requestStream, IServerStreamWriter<CloudEvent> responseStream, ServerCallContext context)
    {
        var http = context.GetHttpContext();
        var principal = http.GetPrincipal();
        if (!principal.May(Join)) throw Api.Http.ApiErrors.Forbidden(Join).ToRpcException();
        if (principal.IsPlatform) throw OneOrganization.ToRpcException();
        return new MemberSession(sessions, principal.Tenant, principal.Actor, principal.Project, requestStream, responseStream,
            stop => access.IsNotRefusedAsync(http, Join, stop), context.CancellationToken).RunAsync();
    }

    public override Task<CloudEvent> entityModelManage(CloudEvent request, ServerCallContext context) => OneAsync(request, context);

    public override Task<CloudEvent> entityManage(CloudEvent request, ServerCallContext context) => OneAsync(request, context);

    public override Task<CloudEvent> entitySearch(CloudEvent request, ServerCallContext context) => OneAsync(request, context);

    public override Task entityManageCollection(
        CloudEvent request, IServerStreamWriter<CloudEvent> responseStream, ServerCallContext context) =>
            ManyAsync(request, responseStream, context);

    public override Task entitySearchCollection(
        CloudEvent request, IServerStreamWriter<CloudEvent> responseStream, ServerCallContext context) =>
            ManyAsync(request, responseStream, context);

    private Task<CloudEvent> OneAsync(CloudEvent request, ServerCallContext context) =>
        router.AnswerOneAsync(request, context.GetHttpContext(), context.CancellationToken);

    private async Task ManyAsync(CloudEvent request, IServerStreamWriter<CloudEvent> responses, ServerCallContext context)
    {
        await foreach (var answer in router.AnswerAsync(request, context.GetHttpContext(), context.CancellationToken))
            await responses.WriteAsync(answer, context.CancellationToken);
    }
}
