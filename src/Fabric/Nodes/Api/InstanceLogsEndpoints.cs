using System.Text;
using Strata.Api.Http;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Log;
using Strata.Nodes.Kinds;
using Strata.Nodes.Logs;
using Strata.Resources.Informers;
using Strata.Resources.Kinds;

namespace Strata.Nodes.Api;

/// <summary>An instance's output: agents append it, everyone else reads it.</summary>
internal sealed class InstanceLogsEndpoints(
    InstanceAccess instances, Informer<InstanceSpec, InstanceStatus> view, ILines lines, LogStream stream)
{
    public const string Read = "instances.read";
    public const string Write = "lines.write";

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    public async Task<Result<Answer>> ReadAsync(ApiCall call)
    {
        if (!LogRequest.Read(call).TryGet(out var request, out var error)) return error;
        if (!(await instances.FindAsync(call, Read)).TryGet(out var found, out error)) return error;
        var id = NodeKinds.Instance.EntityOf(found.Instance.Id);
        IReadOnlyList<LogSource> source = [new(found.Caller.Tenant, id, found.Instance.Name)];
        return stream.Answer(
            call, Read, found.Caller.Tenant, request, () =>
                new LogView(source, IsOver(found.Caller.Tenant, found.Instance.Id)), view.Untyped);
    }

    public async Task<Result<Answer>> AppendAsync(ApiCall call)
    {
        if (!(await instances.FindAsync(call, Write)).TryGet(out var found, out var error)) return error;
        if (!(await call.ReadBodyAsync(ILines.ChunkBytesMax, "text/plain")).TryGet(out var body, out error)) return error;
        if (body.IsEmpty) return Answer.NoContent;
        if (!IsText(body.Span) || !NodeKinds.Instance.TryParseId(found.Instance.Id, out var id)) return NodeErrors.NotText;
        await lines.AppendAsync(found.Caller.Tenant, id, body, call.Aborted);
        return Answer.NoContent;
    }

    private bool IsOver(TenantId tenant, string id) =>
        view.Get(tenant, id) is not { State: not (InstanceStates.Stopped or InstanceStates.Failed) };

    private static bool IsText(ReadOnlySpan<byte> bytes)
    {
        try
        {
            Strict.GetCharCount(bytes);
            return !bytes.Contains((byte)0);
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }
}
