using System.Buffers.Binary;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Google.Protobuf.Reflection;
using Strata.CloudEvents;
using Strata.ResourceRpc;
using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.Security;

/// <summary>
/// What belongs to another organization or project, named in each method of <c>strata.v1</c> and each request of the entity contract:
/// the answer is that to an id that does not exist, nothing is shown and nothing changes. The methods come from the descriptors and the
/// requests from the router, so a new one is asked too.
/// </summary>
public sealed partial class RpcTests(SecurityClouds clouds)
{
    private const string Secret = "s3cr3t-of-rpc";
    private const string Nothing = "00000000000000000000000000";
    private const string Service = "/org.cyoda.cloud.api.grpc.CloudEventsService/";
    private static int counter;

    [Fact]
    public async Task EveryResourceMethod_WithForeignIds_AnswersAsForNothing()
    {
        var cloud = await clouds.InProcessAsync();
        var things = await ResourcesAsync(cloud);
        Assert.True(things.Count >= 6, $"only {string.Join(", ", things.Keys)}");
        var before = await SeenAsync(cloud, things);
        var outsider = await TokenAsync(cloud, "rpc-p2");
        var faults = new List<string>();
        foreach (var method in ResourceRpcModule.Descriptor.Methods)
        {
            foreach (var (kind, id) in things)
            {
                var missing = id[..(id.IndexOf('_', StringComparison.Ordinal) + 1)] + Nothing;
                foreach (var (whose, token) in new[] { ("b", cloud.B.Admin), ("b's p2", cloud.B.ProjectDeveloper), ("p2", outsider) })
                {
                    var foreign = await CallAsync(cloud, token, method, Message(method, kind, id, things["projects"], ""));
                    var none = await CallAsync(cloud, token, method, Message(method, kind, missing, "prj_" + Nothing, ""));
                    var fault = Compare(foreign, none, [id, missing, things["projects"], "prj_" + Nothing]);
                    if (fault is not null) faults.Add($"{method.Name} {kind} as {whose}: {fault}");
                }
                var inOther = await CallAsync(cloud, cloud.B.Admin, method, Message(method, kind, id, things["projects"], cloud.A.Id));
                var inNone = await CallAsync(cloud, cloud.B.Admin, method, Message(method, kind, id, things["projects"], "org_" + Nothing));
                var named = Compare(inOther, inNone, [cloud.A.Id, "org_" + Nothing]);
                if (named is not null) faults.Add($"{method.Name} {kind} with org: {named}");
            }
        }
        Assert.True(faults.Count == 0, string.Join('\n', faults));
        Assert.Equal(before, await SeenAsync(cloud, things));
    }

    [Fact]
    public async Task EveryEvent_WithForeignIds_AnswersAsForNothing()
    {
        var cloud = await clouds.InProcessAsync();
        var known = await BusinessAsync(cloud);
        var nothing = new Business(
            "rpc-absent", Guid.CreateVersion7(TimeProvider.System.GetUtcNow()).ToString(),
            Guid.CreateVersion7(TimeProvider.System.GetUtcNow()).ToString(),
            Guid.CreateVersion7(TimeProvider.System.GetUtcNow()).ToString());
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
                    if (foreign.Contains("BAD_REQUEST", StringComparison.Ordinal)
                        && !foreign.Contains("can have many answers", StringComparison.Ordinal))
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
        if (IsFailure(foreign) || IsFailure(none)) return $"not answered: {foreign} {none}";
        var (a, b) = (Normal(foreign, ids), Normal(none, ids));
        return a == b ? null : $"{a}\n    but for nothing {b}";
    }

    private static bool IsFailure(string answer) =>
        answer.StartsWith('5') || answer.Contains("\"code\":\"unavailable\"", StringComparison.Ordinal);

    private static string Normal(string answer, string[] ids)
    {
        foreach (var id in ids) answer = answer.Replace(id, "ID", StringComparison.OrdinalIgnoreCase);
        return Moment().Replace(answer, "*");
    }

    /// <summary>
    /// Ids of events and requests, times, revisions, the names that this test gives, and details, which repeat code and ids in another
    /// encoding.
    /// </summary>
    [GeneratedRegex(
        @"[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d-\d\dT[0-9:.]+Z?|[a-z]{3}_[0-9a-z]{26}|rpc-made-\d+|""details"":\[.*?\]|""(revision|date|timestamp)"":""?\d+""?", RegexOptions.IgnoreCase)]
    private static partial Regex Moment();

    private static string Message(MethodDescriptor method, string kind, string id, string project, string org)
    {
        var message = new JsonObject();
        foreach (var field in method.InputType.Fields.InDeclarationOrder())
        {
            JsonNode? value = field.Name switch
            {
                "kind" => kind,
                "name" => method.Name == "Create" ? $"rpc-made-{Interlocked.Increment(ref counter)}" : id,
                "project" => project,
                "org" => org,
                "transition" => "update",
                "filter" => new JsonObject { ["project"] = project },
                "merge" => new JsonObject { ["labels"] = new JsonObject { ["seen"] = "yes" } },
                "spec" => new JsonObject(),
                _ => field.FieldType == FieldType.String ? "" : null,
            };
            if (value is not null) message[field.JsonName] = value;
        }
        return message.ToJsonString();
    }

    private static async Task<string> CallAsync(SecurityCloud cloud, string token, MethodDescriptor method, string message)
    {
        try
        {
            return await SendAsync(cloud, token, $"/{method.Service.FullName}/{method.Name}", message, method.IsServerStreaming);
        }
        catch (OperationCanceledException e)
        {
            throw new TimeoutException($"{method.Name} {message} had no answer within a minute.", e);
        }
    }

    /// <summary>With every member that a request may need.</summary>
    private static async Task<string> EventAsync(SecurityCloud cloud, string token, MethodDescriptor method, string type, Business of)
    {
        var model = new { name = of.Model, version = 1 };
        var condition = new { type = "group", @operator = "AND", conditions = Array.Empty<object>() };
        var one = new { model, entityId = of.Entity, data = new { text = "forged" }, patch = new { text = "forged" },
            transition = "UPDATE" };
        var data = JsonSerializer.Serialize(new
        {
            id = "1", model, entityId = of.Entity, transactionId = of.Transaction, snapshotId = of.Snapshot, condition, dataFormat = "JSON",
            converter = "SIMPLE_VIEW",
            transition = type.StartsWith("EntityModel", StringComparison.Ordinal) ? "UNLOCK" : "UPDATE", payload = one,
            payloads = new[] { one }, uniqueKeys = Array.Empty<object>(),
        });
        var message = JsonSerializer.Serialize(new { id = "1", source = "test", specVersion = "1.0", type, textData = data });
        return await SendAsync(cloud, token, Service + method.Name, message, method.IsServerStreaming);
    }

    /// <summary>Status and body; of a stream what comes until it is ready or ends.</summary>
    private static async Task<string> SendAsync(SecurityCloud cloud, string token, string path, string message, bool streams)
    {
        using var http = cloud.Api(token);
        using var request = new HttpRequestMessage(
            HttpMethod.Post, path) { Content = new ByteArrayContent(streams ? Enveloped(message) : Encoding.UTF8.GetBytes(message)) };
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

    /// <summary>One resource of each kind: in a's project default, or in a, or in the cloud.</summary>
    private static async Task<Dictionary<string, string>> ResourcesAsync(SecurityCloud cloud)
    {
        using var app = AppFolder.Saying(Secret);
        (await cloud.RunAsAsync(cloud.A.Developer, "deploy", app.Path, "--name", "rpc-app")).ShouldSucceed();
        var hook = $$$"""{"name":"rpc-hook","spec":{"url":"https://books.example/{{{Secret}}}"} }""";
        Assert.Equal(201, (await cloud.CallAsync(cloud.A.Admin, "POST", "/api/v1/webhooks", hook)).Status);
        using var http = cloud.Api(cloud.Operator);
        var paths = JsonElement.Parse(await http.GetStringAsync("/openapi.json")).GetProperty("paths");
        var ofOne = paths.EnumerateObject().Select(p => p.Name).Where(p => p.EndsWith("/{nameOrId}", StringComparison.Ordinal));
        var things = new Dictionary<string, string>();
        foreach (var plural in ofOne.Select(p => p.Split('/')[3]).Distinct())
        {
            var (status, body) = await cloud.CallAsync(cloud.Operator, "GET", $"/api/v1/{plural}?org={cloud.A.Id}");
            if (status != 200) continue;
            var item = body.GetProperty("items").EnumerateArray().FirstOrDefault(i => IsOfDefault(i, plural));
            if (item.ValueKind == JsonValueKind.Object) things[plural] = item.GetProperty("id").GetString()!;
        }
        return things;
    }

    private static bool IsOfDefault(JsonElement item, string plural)
    {
        var name = item.GetProperty("name").GetString()!;
        if (plural is "projects" or "tokens") return name is "default" or "developer";
        return plural is not "organizations" && name.StartsWith("rpc-", StringComparison.Ordinal) || plural is "nodes";
    }

    private static async Task<Business> BusinessAsync(SecurityCloud cloud)
    {
        const string model = "rpc-secret";
        Assert.Equal(200, (await cloud.CallAsync(cloud.A.Admin, "POST", $"/api/model/import/JSON/SAMPLE_DATA/{model}/1", """{"text":"x"}""")).Status);
        Assert.Equal(200, (await cloud.CallAsync(cloud.A.Admin, "PUT", $"/api/model/{model}/1/lock")).Status);
        var made = (await cloud.CallAsync(cloud.A.Admin, "POST", $"/api/entity/JSON/{model}/1", $$"""{"text":"{{Secret}}"}""")).Body[0];
        var job = await cloud.CallAsync(cloud.A.Admin, "POST", $"/api/search/async/{model}/1", """{"type":"group","operator":"AND","conditions":[]}""");
        return new Business(
            model, made.GetProperty("entityIds")[0].GetString()!, made.GetProperty("transactionId").GetString()!, job.Body.GetString()!);
    }

    private static async Task<string> SeenAsync(SecurityCloud cloud, Dictionary<string, string> things)
    {
        var seen = new StringBuilder();
        foreach (var (kind, id) in things.Where(t => t.Key != "nodes"))
        {
            var (status, body) = await cloud.CallAsync(cloud.Operator, "GET", $"/api/v1/{kind}/{id}?org={cloud.A.Id}");
            seen.AppendLine($"{kind} {status} {body.GetProperty("revision").GetRawText()}");
        }
        return seen.ToString();
    }

    private static async Task<string> SeenAsync(SecurityCloud cloud, Business of)
    {
        var changes = await cloud.CallAsync(cloud.A.Admin, "GET", $"/api/entity/{of.Entity}/changes");
        var models = await cloud.CallAsync(cloud.A.Admin, "GET", "/api/model/");
        var state = models.Body.EnumerateArray().Single(m => m.GetProperty("modelName").GetString() == of.Model)
            .GetProperty("currentState").GetString();
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
