using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Strata.Api.Tests.Described;

namespace Strata.Server.Tests.Description;

/// <summary>
/// Real answers of every operation have the schemas that /openapi.json states. An operation that the walk does not reach is listed here
/// with its reason, so that a new one cannot be forgotten.
/// </summary>
[Collection(DescribedApi.Name)]
public sealed class AnswersTests(WholeApi api)
{
    private const string Everything = """{"type":"group","operator":"AND","conditions":[]}""";
    private const string Patch = "application/merge-patch+json";
    private const string Xml = "application/xml";

    private const string OfIdentity = "Identity.Tests has the servers for it, and compares its answers.";
    private const string NoTransition = "The kind has no transition for users.";

    /// <summary>Refused to an administrator, or without an end.</summary>
    private static readonly Dictionary<string, string> NotReached = new(StringComparer.Ordinal)
    {
        ["listSubscriptions"] = "It always fails, with 501.",
        ["issueAccessToken"] = OfIdentity,
        ["revokeToken"] = OfIdentity,
        ["getUserInfo"] = OfIdentity,
        ["getUserInfoByPost"] = OfIdentity,
        ["introspectToken"] = OfIdentity,
        ["issueWorkloadToken"] = "For an instance; Deployments.Tests has one.",
        ["listOwnSessions"] = OfIdentity,
        ["endOwnSession"] = OfIdentity,
        ["listOwnOrganizations"] = OfIdentity,
        ["requestStepUp"] = OfIdentity,
        ["getStepUp"] = OfIdentity,
        ["createPasswordLink"] = OfIdentity,
        ["removeSecondFactor"] = OfIdentity,
        ["deleteTrustedKeyOfContract"] = OfIdentity,
        ["reloadProviders"] = OfIdentity,
        ["registerProvider"] = OfIdentity,
        ["updateProvider"] = OfIdentity,
        ["deleteProvider"] = OfIdentity,
        ["invalidateProvider"] = OfIdentity,
        ["reactivateProvider"] = OfIdentity,
        ["beatNode"] = "For the node's agent.",
        ["readInstanceLogs"] = "There is no instance.",
        ["writeInstanceLogs"] = "For the node's agent.",
        ["issueInstanceToken"] = "For the node's agent.",
        ["renewInstanceToken"] = "For the node's agent.",
        ["readInstanceVariables"] = "For the node's agent.",
        ["connectTunnel"] = "A WebSocket.",
        ["fetchTunnelConnection"] = "A WebSocket.",
        ["watchComputeCalls"] = "It has no end.",
        ["importData"] = "For an organization that has never held data; EntityApi.Tests compares it.",
        ["discardImport"] = "For an import that is unfinished; EntityApi.Tests compares it.",
        ["cancelSearch"] = "The search has ended; EntityApi.Tests compares it.",
        ["deleteOrganization"] = "It is not empty; Api.Tests compares it.",
        ["transitionOrganization"] = NoTransition,
        ["transitionProject"] = NoTransition,
        ["transitionEnvironment"] = NoTransition,
        ["transitionRole"] = NoTransition,
        ["transitionSecret"] = NoTransition,
        ["transitionTeam"] = NoTransition,
        ["transitionBinding"] = NoTransition,
        ["rotateDataKey"] = "Secrets.Tests has keys to replace.",
        ["rotateMasterKey"] = "Secrets.Tests has keys to replace.",
        ["finishMasterKey"] = "Secrets.Tests has keys to replace.",
        ["transitionRelease"] = "The build ends first.",
        ["transitionRoute"] = NoTransition,
        ["transitionTunnel"] = NoTransition,
        ["transitionIssuer"] = NoTransition,
        ["readCertificateKey"] = "For edges.",
        ["beginVisit"] = "For edges.",
        ["checkVisit"] = "For edges.",
    };

    /// <summary>Kinds that only the cloud's own components create, change or move on.</summary>
    private static readonly string[] Platforms =
        [
            "Node", "Instance", "Server", "DataKey", "KeyPair", "Keypair", "TrustedKey", "OidcProvider", "Client", "Person", "Membership",
                "Session",
        ];

    [Fact]
    public async Task EveryOperation_AnswersAsItIsDescribed()
    {
        var check = AnswerCheck.Parse(await api.Http.GetStringAsync("/openapi.json", TestContext.Current.CancellationToken));
        var walk = new AnswerWalk(api.Http, check);
        await ServerAsync(walk);
        await ResourcesAsync(walk);
        await ModelsAsync(walk);
        await EntitiesAsync(walk);
        await SearchesAsync(walk);
        await IdentityAsync(walk);
        await ProblemsAsync(walk);
        var missing = check.Operations.Where(o =>
            !IsRpc(o) && !walk.Succeeded.Contains(o.Id) && !NotReached.ContainsKey(o.Id) && !IsPlatforms(o))
            .Select(o => $"{o.Id}: {o.Method} {o.Path}{(walk.Refused.Contains(o.Id) ? " was refused" : "")}");
        Findings.AssertNone(walk.Faults.Concat(missing));
    }

    [Fact]
    public async Task EveryExample_HasItsSchema()
    {
        var check = AnswerCheck.Parse(await api.Http.GetStringAsync("/openapi.json", TestContext.Current.CancellationToken));
        var faults = from operation in check.Operations
                     from content in operation.Node["requestBody"]?["content"]?.AsObject() ?? []
                     let example = content.Value!["example"]
                     where example is not null
                     let fault = check.Compare($"{operation.Id} {content.Key} example", content.Value!["schema"]!, example.ToJsonString())
                     where fault is not null
                     select $"{operation.Id}: {fault}";
        Findings.AssertNone(faults);
    }

    private static async Task ServerAsync(AnswerWalk walk)
    {
        foreach (var path in new[] { "/", "/ca.pem", "/healthz", "/readyz", "/openapi.json", "/docs", "/docs/assets/docs.js",
            "/docs/assets/docs.css",
            "/docs/errors", "/docs/errors/NAME_TAKEN", "/api/health", "/api/v1", "/api/v1/status", "/api/v1/metrics", "/api/account",
            "/api/v1/compute/members", "/api/v1/compute/metrics" })
            await walk.GetAsync(path);
    }

    private static async Task ResourcesAsync(AnswerWalk walk)
    {
        await walk.SendAsync("POST", "/api/v1/organizations", """{"name":"walked","spec":{}}""");
        await walk.SendAsync("POST", "/api/v1/projects", """{"name":"walked","spec":{}}""");
        await walk.SendAsync("POST", "/api/v1/tokens", """{"name":"walked","spec":{"roles":["viewer"]}}""");
        await walk.SendAsync("POST", "/api/v1/roles", """{"name":"walked","spec":{"permissions":["deployments.*"]}}""");
        await walk.SendAsync("POST", "/api/v1/environments", """{"name":"walked","spec":{}}""");
        await walk.SendAsync("POST", "/api/v1/teams", """{"name":"walked","spec":{"members":[]}}""");
        await walk.SendAsync("POST", "/api/v1/bindings",
            """{"name":"walked","spec":{"subjects":["team/walked"],"roles":["viewer"],"labels":{"a":"b"},"reason":"walked"}}""");
        await walk.GetAsync("/api/v1/access/me");
        await walk.GetAsync("/api/v1/access/permissions");
        await walk.GetAsync("/api/v1/access/explain?who=token/walked&permission=deployments.read");
        await walk.GetAsync("/api/v1/access/holders?permission=deployments.read");
        await walk.SendAsync("POST", "/api/v1/webhooks", """{"name":"walked","spec":{"url":"https://books.example"}}""");
        await walk.SendAsync("POST", "/api/v1/deployments", """{"name":"walked","project":"walked","spec":{},"labels":{"tier":"web"}}""");
        await walk.SendAsync("POST", "/api/v1/tunnels", """{"name":"walked-tunnel","project":"walked","spec":{"target":"localhost:3000"}}""");
        await walk.SendAsync("POST", "/api/v1/routes", """{"name":"walked-route","project":"walked","spec":{"host":"walked-route.localhost","deployment":"walked"}}""");
        var digest = "sha256:" + Convert.ToHexStringLower(SHA256.HashData("walked"u8));
        await walk.SendAsync("PUT", $"/api/v1/blobs/{digest}", "walked", "application/octet-stream");
        await walk.GetAsync($"/api/v1/blobs/{digest}");
        await walk.SendAsync("HEAD", $"/api/v1/blobs/{digest}");
        await walk.SendAsync("POST", "/api/v1/releases", $$$$"""
            {"name":"walked-1","project":"walked","spec":{"deployment":"walked","source":{"archive":"{{{{digest}}}}"}}}
            """);
        await walk.GetAsync("/api/v1/deployments/walked/logs");
        await walk.GetAsync("/api/v1/releases/walked-1/logs");
        await walk.SendAsync("POST", "/api/v1/secrets", """{"name":"walked","project":"walked","spec":{"description":"walked"}}""");
        await walk.SendAsync("POST", "/api/v1/secrets/walked/versions", """{"value":"walked"}""");
        await walk.SendAsync("POST", "/api/v1/secrets/walked/reveal");
        await walk.SendAsync("GET", "/api/v1/secrets/walked/uses");
        await walk.SendAsync("DELETE", "/api/v1/secrets/walked/versions/1");
        await CertificatesAsync(walk);
        await walk.GetAsync("/api/v1/encryption");
        await walk.GetAsync("/api/v1/data-keys?limit=1");
        await WebhookAsync(walk);
        foreach (var (plural, name) in new[] { ("organizations", "walked"), ("projects", "walked"), ("environments", "walked"),
            ("tokens", "walked"), ("roles", "walked"), ("webhooks", "walked"), ("secrets", "walked"), ("teams", "walked"),
            ("bindings", "walked"), ("deployments", "walked"), ("routes", "walked-route"), ("tunnels", "walked-tunnel"),
            ("releases", "walked-1"), ("certificates", "walked"), ("issuers", "walked") })
        {
            await walk.GetAsync($"/api/v1/{plural}?limit=1");
            await walk.GetAsync($"/api/v1/{plural}/{name}");
            await walk.GetAsync($"/api/v1/{plural}/{name}/history");
            if (plural != "tokens") await walk.SendAsync("PATCH", $"/api/v1/{plural}/{name}", """{"labels":{"walked":"yes"}}""", Patch);
        }
        foreach (var plural in new[] { "nodes", "instances", "servers" }) await walk.GetAsync($"/api/v1/{plural}");
        var server = (await walk.GetAsync("/api/v1/servers")).GetProperty("items")[0].GetProperty("name").GetString();
        await walk.GetAsync($"/api/v1/servers/{server}");
        await walk.GetAsync($"/api/v1/servers/{server}/history");
        await walk.SendAsync("POST", "/api/v1/releases/walked-1/transitions/cancel");
        await walk.SendAsync("POST", "/api/v1/deployments/walked/transitions/restart");
        await walk.SendAsync("DELETE", "/api/v1/secrets/walked");
        await walk.GoneAsync("/api/v1/secrets/walked");
        foreach (var path in new[] { "certificates/walked", "issuers/walked", "webhooks/walked",
            "tunnels/walked-tunnel", "routes/walked-route", "releases/walked-1",
            "deployments/walked", "bindings/walked", "teams/walked", "roles/walked", "tokens/walked", "environments/walked",
            "projects/walked", "organizations/walked" })
            await walk.SendAsync("DELETE", "/api/v1/" + path);
    }

    private static async Task WebhookAsync(AnswerWalk walk)
    {
        await walk.SendAsync("POST", "/api/v1/webhooks/walked/secret");
        await walk.GetAsync("/api/v1/webhooks/walked/deliveries");
        await walk.SendAsync("DELETE", "/api/v1/webhooks/walked/deliveries");
        await walk.SendAsync("POST", "/api/v1/webhooks/walked/replay");
        await walk.SendAsync("POST", "/api/v1/webhooks/walked/transitions/pause");
    }

    private static async Task CertificatesAsync(AnswerWalk walk)
    {
        await walk.SendAsync("POST", "/api/v1/certificates", """{"name":"walked","project":"walked","spec":{"own":true}}""");
        await walk.SendAsync("POST", "/api/v1/certificates/walked/install", OwnCertificate());
        await walk.SendAsync("POST", "/api/v1/certificates/walked/transitions/renew");
        await walk.SendAsync("POST", "/api/v1/issuers",
            """{"name":"walked","spec":{"directory":"https://127.0.0.1:1/directory","agreesToTerms":true}}""");
    }

    private static string OwnCertificate()
    {
        using var authority = new TestAuthority(TimeProvider.System.GetUtcNow());
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = authority.Issue(new PublicKey(key), ["walked.example.com"]);
        return JsonSerializer.Serialize(
            new { chain = certificate.ExportCertificatePem(), privateKey = key.ExportPkcs8PrivateKeyPem() });
    }

    private static async Task ModelsAsync(AnswerWalk walk)
    {
        const string model = "/api/model/walk/1";
        await walk.NeedAsync("POST", "/api/model/import/JSON/SAMPLE_DATA/walk/1", """{"title":"A","pages":1,"tags":["x"]}""");
        await walk.SendAsync("POST", "/api/model/import/JSON/SAMPLE_DATA/walk/2", """{"title":"A"}""");
        await walk.SendAsync("PUT", model + "/unique-keys", """{"uniqueKeys":[{"id":"title","fields":["$.title"]}]}""");
        await walk.SendAsync("POST", model + "/changeLevel/TYPE");
        await walk.NeedAsync("PUT", model + "/lock");
        await walk.SendAsync("PUT", model + "/unlock");
        await walk.NeedAsync("PUT", model + "/lock");
        await walk.GetAsync("/api/model/");
        await walk.GetAsync("/api/model/export/SIMPLE_VIEW/walk/1");
        await walk.GetAsync("/api/model/export/JSON_SCHEMA/walk/1");
        await walk.SendAsync("POST", "/api/model/validate/walk/1", """{"title":"B"}""");
        await walk.SendAsync("POST", "/api/model/validate/walk/1", """{"title":7}""");
        await walk.SendAsync("PUT", model + "/project", """{"project":null}""");
        await walk.SendAsync("PUT", model + "/retention", """{"keepSupersededDays":30}""");
        await walk.GetAsync(model + "/retention");
        await walk.SendAsync("DELETE", model + "/retention");
        await walk.SendAsync("PUT", model + "/indexes", """{"paths":["$.pages"]}""");
        await walk.GetAsync(model + "/indexes");
        await walk.SendAsync("POST", model + "/explain", Everything);
        await walk.SendAsync("POST", model + "/workflow/import", """
            {"importMode":"REPLACE","workflows":[{"version":"1.0","name":"w","initialState":"NEW","active":true,"states":{
              "NEW":{"transitions":[{"name":"go","next":"DONE","manual":true},{"name":"stay","next":"NEW","manual":true}]},"DONE":{}}}]}
            """);
        await walk.GetAsync(model + "/workflow/export");
        await walk.SendAsync("DELETE", "/api/model/walk/2");
    }

    private static async Task EntitiesAsync(AnswerWalk walk)
    {
        var created = await walk.NeedAsync("POST", "/api/entity/JSON/walk/1", """{"title":"one","pages":1}""");
        var id = created[0].GetProperty("entityIds")[0].GetString();
        var transaction = created[0].GetProperty("transactionId").GetString();
        await walk.SendAsync("POST", "/api/entity/XML/walk/1", "<walk><title>two</title></walk>", Xml);
        await walk.SendAsync("POST", "/api/entity/JSON", """[{"model":{"name":"walk","version":1},"payload":"{\"title\":\"three\"}"}]""");
        await walk.SendAsync("PUT", "/api/entity/JSON", $$"""[{"id":"{{id}}","payload":"{\"title\":\"one\",\"pages\":2}"}]""");
        await walk.SendAsync("POST", $"/api/entity/XML/{id}/dry-run", "<walk><title>one</title></walk>", Xml);
        await walk.SendAsync("POST", $"/api/entity/XML/{id}/go/dry-run", "<walk><title>one</title></walk>", Xml);
        foreach (var dry in new[] { $"/api/entity/JSON/{id}/dry-run", $"/api/entity/JSON/{id}/go/dry-run" })
            await walk.SendAsync("POST", dry, """{"title":"one"}""");
        await walk.SendAsync("PUT", $"/api/entity/JSON/{id}", """{"title":"one","pages":3}""");
        await walk.SendAsync("PUT", $"/api/entity/XML/{id}", "<walk><title>one</title></walk>", Xml);
        await walk.SendAsync("PATCH", $"/api/entity/JSON/{id}", """{"pages":4}""", Patch, ("If-Match", "*"));
        await walk.SendAsync("PATCH", $"/api/entity/JSON/{id}/stay", """{"pages":5}""", Patch, ("If-Match", "*"));
        await walk.SendAsync("PUT", $"/api/entity/JSON/{id}/stay", """{"title":"one"}""");
        await walk.SendAsync("PUT", $"/api/entity/XML/{id}/stay", "<walk><title>one</title></walk>", Xml);
        await walk.SendAsync("PUT", $"/api/platform-api/entity/transition?entityId={id}&transitionName=go");
        await walk.GetAsync($"/api/platform-api/entity/fetch/transitions?entityId={id}");
        foreach (var path in new[] { "", "/changes", "/transitions", "/why" }) await walk.GetAsync($"/api/entity/{id}{path}");
        await walk.GetAsync("/api/entity/walk/1");
        await walk.GetAsync("/api/entity/walk/1?limit=1");
        await walk.GetAsync($"/api/audit/entity/{id}?limit=2");
        await walk.GetAsync($"/api/audit/entity/{id}/workflow/{transaction}/finished");
        await walk.GetAsync("/api/entity/feed?model=walk");
        var saved = await walk.NeedAsync("POST", "/api/message/new/walk", """{"payload":{"a":1},"metaData":{"b":2}}""");
        var message = saved[0].GetProperty("entityIds")[0].GetString();
        await walk.GetAsync($"/api/message/{message}");
        await walk.GetAsync($"/api/message/get/{message}");
        await walk.SendAsync("DELETE", $"/api/message/{message}");
        await walk.SendAsync("DELETE", "/api/message", $"[\"{message}\"]");
    }

    private static async Task SearchesAsync(AnswerWalk walk)
    {
        await walk.SendAsync("POST", "/api/search/direct/walk/1", Everything);
        var job = (await walk.NeedAsync("POST", "/api/search/async/walk/1", Everything)).GetString();
        var snapshot = (await walk.NeedAsync("POST", "/api/search/snapshot/walk/1", Everything)).GetString();
        await Wait.UntilAsync(
            async () => (await walk.GetAsync($"/api/search/async/{job}/status")).GetProperty("searchJobStatus").GetString()
            == "SUCCESSFUL" && (await walk.GetAsync($"/api/search/snapshot/{snapshot}/status")).GetProperty("snapshotStatus").GetString()
            == "SUCCESSFUL", "the searches end");
        await walk.GetAsync($"/api/search/async/{job}?pageSize=2");
        await walk.GetAsync($"/api/search/snapshot/{snapshot}");
        await walk.SendAsync("PUT", $"/api/search/async/{job}/cancel");
        foreach (var path in new[] { "", "/states", "/walk/1", "/states/walk/1" }) await walk.GetAsync("/api/entity/stats" + path);
        await walk.SendAsync("POST", "/api/entity/stats/walk/1/query", """{"groupBy":["state"],"aggregations":[{"op":"sum","field":"$.pages"}]}""");
        await walk.NeedAsync("POST", "/api/model/import/JSON/SAMPLE_DATA/walk/3", """{"title":"A","pages":1,"tags":["x"]}""");
        await walk.NeedAsync("PUT", "/api/model/walk/3/lock");
        await walk.SendAsync("POST", "/api/model/walk/1/migrate", """{"to":3,"dryRun":true}""");
        await walk.GetAsync("/api/export");
        await walk.GetAsync("/api/import");
        await walk.SendAsync("DELETE", "/api/import");
        var one = (await walk.GetAsync("/api/entity/walk/1"))[0].GetProperty("meta").GetProperty("id").GetString();
        await walk.SendAsync("DELETE", $"/api/entity/{one}");
        await walk.SendAsync("DELETE", "/api/entity/walk/1?verbose=true");
    }

    private static async Task IdentityAsync(AnswerWalk walk)
    {
        var client = (await walk.NeedAsync("POST", "/api/clients")).GetProperty("client_id").GetString();
        await walk.GetAsync("/api/clients");
        await walk.SendAsync("PUT", $"/api/clients/{client}/secret");
        await walk.SendAsync("DELETE", $"/api/clients/{client}");
        await walk.GetAsync("/api/.well-known/jwks.json");
        await walk.GetAsync("/api/oauth/keys/trusted");
        await walk.GetAsync("/api/oauth/oidc/providers");
        await walk.GetAsync("/api/.well-known/openid-configuration");
        await walk.SendAsync("POST", "/api/oauth/device", "client_id=strata-cli", "application/x-www-form-urlencoded");
        var invitation = await walk.NeedAsync("POST", "/api/v1/invitations", """{"name":"walked","spec":{"roles":["viewer"]}}""");
        var id = invitation.GetProperty("resource").GetProperty("id").GetString();
        foreach (var path in new[] { "invitations", $"invitations/{id}", $"invitations/{id}/history", "people", "memberships", "sessions" })
            await walk.GetAsync("/api/v1/" + path);
        await walk.SendAsync("DELETE", $"/api/v1/invitations/{id}");
        await walk.GetAsync("/api/v1/access/two-factor");
        await walk.SendAsync("PUT", "/api/v1/access/two-factor", """{"required":false}""");
    }

    /// <summary>One of each subject: query, header, path, body, and what does not exist.</summary>
    private static async Task ProblemsAsync(AnswerWalk walk)
    {
        (string Method, string Path, string? Body, (string, string)[] Headers, string Code, string Field)[] cases =
        [
            ("GET", "/api/v1/projects?limit=0", null, [], "INVALID_QUERY", "limit"),
            ("GET", "/api/v1/projects?nope=1", null, [], "INVALID_QUERY", "nope"),
            ("GET", "/api/v1/projects?cursor=nope", null, [], "INVALID_CURSOR", "cursor"),
            ("GET", "/api/v1/projects?where={", null, [], "INVALID_CONDITION", "where"),
            ("GET", "/api/entity/walk/1?limit=1&cursor=nope", null, [], "INVALID_CURSOR", "cursor"),
            ("PATCH", "/api/v1/projects/default", "{}", [("If-Match", "nope")], "INVALID_HEADER", "If-Match"),
            ("POST", "/api/v1/projects", """{"name":"walked-2","spec":{}}""", [("Idempotency-Key", "a b")], "INVALID_HEADER", "Idempotency-Key"),
            ("GET", "/api/entity/nope", null, [], "INVALID_PATH", "entityId"),
            ("GET", "/api/entity/walk/nope", null, [], "INVALID_PATH", "modelVersion"),
            ("POST", "/api/v1/projects", """{"name":"UPPER","spec":{}}""", [], "VALIDATION_FAILED", "name"),
            ("POST", "/api/entity/JSON", """[{"model":{"name":"walk","version":1}}]""", [], "BAD_REQUEST", "payload"),
        ];
        foreach (var (method, path, body, headers, code, field) in cases)
        {
            var problem = await walk.SendAsync(method, path, body, method == "PATCH" ? Patch : "application/json", headers);
            Assert.Equal(code, problem.GetProperty("code").GetString());
            Assert.Contains(problem.GetProperty("errors").EnumerateArray(), e => e.GetProperty("field").GetString() == field);
            Assert.False(string.IsNullOrEmpty(problem.GetProperty("next").GetString()), $"{path}: no next step");
            var isEntityApi = !path.StartsWith("/api/v1", StringComparison.Ordinal);
            Assert.Equal(isEntityApi ? "about:blank" : $"/docs/errors/{code}", problem.GetProperty("type").GetString());
            if (!isEntityApi)
                Assert.Equal(code, (await walk.GetAsync(problem.GetProperty("type").GetString()!)).GetProperty("code").GetString());
        }
    }

    private static bool IsRpc(AnsweredOperation operation) =>
        operation.Path.Split('/')[1].Contains('.', StringComparison.Ordinal) && operation.Segments.Length == 3;

    private static bool IsPlatforms(AnsweredOperation operation) =>
        Platforms.Any(kind => operation.Id.EndsWith(kind, StringComparison.Ordinal)
        || operation.Id.EndsWith(kind + "s", StringComparison.Ordinal)
        || operation.Id.EndsWith(kind + "History", StringComparison.Ordinal));
}
