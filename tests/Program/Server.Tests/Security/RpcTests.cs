using System.Buffers.Binary;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Google.Protobuf.Reflection;
using Strata.CloudEvents;

namespace Strata.Server.Tests.Security;

/// <summary>
/// What belongs to another organization or project, named in each request of the entity contract: the answer is that to an id that does not exist, nothing is shown and nothing
/// changes. The methods come from the descriptor and the requests from the router, so a new one is asked too.
/// </summary>
public sealed partial class RpcTests(SecurityClouds clouds)
{
    private const string Secret = "s3cr3t-of-rpc";
    private const string Service = "/org.cyoda.cloud.api.grpc.CloudEventsService/";

    [Fact]
    public async Task EveryEvent_WithForeignIds_AnswersAsForNothing()
    {
        var cloud = await clouds.InProcessAsync();
        var known = await BusinessAsync(cloud);
        var nothing = new Business("rpc-absent", Guid.NewGuid().ToString(), Guid.NewGuid().ToString(), Guid.NewGuid().ToString());
        var before = await SeenAsync(cloud, known);
        var outsider = await TokenAsync(cloud, "rpc-events-p2");
        var faults = new List<string>();
        foreach (var type in CloudEventsModule.RequestTypes.Order(StringComparer.Ordinal).Where(t => t != "EntityModelImportRequest"))
        {
            foreach (var (whose, token) in new[] { ("b", cloud.B.Admin), ("b's p2", cloud.B.ProjectDeveloper), ("p2", outsider) })
            {
                foreach (var method in CloudEventsModule.Descriptor.Methods.Where(m => !m.IsClientStreaming))
                {
                    var foreign = await EventAsync(cloud, token, method, type, known);
                    var none = await EventAsync(cloud, token, method, type, nothing);
                    var fault = Compare(foreign, none, [.. known.Names, .. nothing.Names]);
                    if (fault is not null) faults.Add($"{type} by {method.Name} as {whose}: {fault}");
                    if (foreign.Contains("BAD_REQUEST", StringComparison.Ordinal) && !foreign.Contains("may have many answers", StringComparison.Ordinal))
                        faults.Add($"{type}: the request of this test is not complete: {foreign}");
                }
            }
        }
        Assert.True(faults.Count == 0, string.Join('\n', faults));
        Assert.Equal(before, await SeenAsync(cloud, known));
    }

    /// <summary>Null: both say the same, once ids and what differs by the moment are taken out, and neither shows the secret.</summary>
    private static string? Compare(string foreign, string none, string[] ids)
    {
        if (foreign.Contains(Secret, StringComparison.Ordinal)) return $"shows the secret: {foreign}";
        var (a, b) = (Normal(foreign, ids), Normal(none, ids));
        return a == b ? null : $"{a}\n    but for nothing {b}";
    }

    private static string Normal(string answer, string[] ids)
    {
        foreach (var id in ids) answer = answer.Replace(id, "ID", StringComparison.OrdinalIgnoreCase);
        return Moment().Replace(answer, "*");
    }

    /// <summary>Ids of events and requests, times, revisions, the names that this test gives, and details, which repeat code and ids in another encoding.</summary>
    [GeneratedRegex(@"[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d-\d\dT[0-9:.]+Z?|[a-z]{3}_[0-9a-z]{26}|rpc-made-\d+|""details"":\[.*?\]|""(revision|date|timestamp)"":""?\d+""?", RegexOptions.IgnoreCase)]
    private static partial Regex Moment();

    /// <summary>With every member that a request may need.</summary>
    private static async Task<string> EventAsync(SecurityCloud cloud, string token, MethodDescriptor method, string type, Business of)
    {
        var model = new { name = of.Model, version = 1 };
        var condition = new { type = "group", @operator = "AND", conditions = Array.Empty<object>() };
        var one = new { model, entityId = of.Entity, data = new { text = "forged" }, patch = new { text = "forged" }, transition = "UPDATE" };
        var data = JsonSerializer.Serialize(new
        {
            id = "1", model, entityId = of.Entity, transactionId = of.Transaction, snapshotId = of.Snapshot, condition, dataFormat = "JSON", converter = "SIMPLE_VIEW",
            transition = type.StartsWith("EntityModel", StringComparison.Ordinal) ? "UNLOCK" : "UPDATE", payload = one, payloads = new[] { one }, uniqueKeys = Array.Empty<object>(),
        });
        var message = JsonSerializer.Serialize(new { id = "1", source = "test", specVersion = "1.0", type, textData = data });
        return await SendAsync(cloud, token, Service + method.Name, message, method.IsServerStreaming);
    }

    /// <summary>Status and body; of a stream what comes until it is ready or ends.</summary>
    private static async Task<string> SendAsync(SecurityCloud cloud, string token, string path, string message, bool streams)
    {
        using var http = cloud.Api(token);
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(streams ? Enveloped(message) : Encoding.UTF8.GetBytes(message)) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(streams ? "application/connect+json" : "application/json");
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token);
        await using var body = await answer.Content.ReadAsStreamAsync(patience.Token);
        var (text, buffer) = (new StringBuilder($"{(int)answer.StatusCode} "), new byte[65536]);
        while (await body.ReadAsync(buffer, patience.Token) is > 0 and var read)
        {
            text.Append(Encoding.Latin1.GetString(buffer, 0, read));
            if (streams && text.ToString().Contains("\"ready\"", StringComparison.Ordinal)) break;
        }
        return text.ToString();
    }

    private static byte[] Enveloped(string message)
    {
        var bytes = new byte[5 + Encoding.UTF8.GetByteCount(message)];
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(1), bytes.Length - 5);
        Encoding.UTF8.GetBytes(message, bytes.AsSpan(5));
        return bytes;
    }

    private static async Task<Business> BusinessAsync(SecurityCloud cloud)
    {
        const string model = "rpc-secret";
        Assert.Equal(200, (await cloud.CallAsync(cloud.A.Admin, "POST", $"/api/model/import/JSON/SAMPLE_DATA/{model}/1", """{"text":"x"}""")).Status);
        Assert.Equal(200, (await cloud.CallAsync(cloud.A.Admin, "PUT", $"/api/model/{model}/1/lock")).Status);
        var made = (await cloud.CallAsync(cloud.A.Admin, "POST", $"/api/entity/JSON/{model}/1", $$"""{"text":"{{Secret}}"}""")).Body[0];
        var job = await cloud.CallAsync(cloud.A.Admin, "POST", $"/api/search/async/{model}/1", """{"type":"group","operator":"AND","conditions":[]}""");
        return new Business(model, made.GetProperty("entityIds")[0].GetString()!, made.GetProperty("transactionId").GetString()!, job.Body.GetString()!);
    }

    private static async Task<string> SeenAsync(SecurityCloud cloud, Business of)
    {
        var changes = await cloud.CallAsync(cloud.A.Admin, "GET", $"/api/entity/{of.Entity}/changes");
        var models = await cloud.CallAsync(cloud.A.Admin, "GET", "/api/model/");
        var state = models.Body.EnumerateArray().Single(m => m.GetProperty("modelName").GetString() == of.Model).GetProperty("currentState").GetString();
        return $"{changes.Body.GetRawText()} {state} {(await cloud.CallAsync(cloud.A.Admin, "GET", $"/api/search/async/{of.Snapshot}/status")).Status}";
    }

    private static async Task<string> TokenAsync(SecurityCloud cloud, string name)
    {
        var made = await cloud.CallAsync(cloud.A.Admin, "POST", "/api/v1/tokens", $$$"""{"name":"{{{name}}}","spec":{"roles":["admin"],"project":"p2"}}""");
        return made.Body.GetProperty("token").GetString()!;
    }

    private sealed record Business(string Model, string Entity, string Transaction, string Snapshot)
    {
        public string[] Names => [Model, Entity, Transaction, Snapshot];
    }
}
