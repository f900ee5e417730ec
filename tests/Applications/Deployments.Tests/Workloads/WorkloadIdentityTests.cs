using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Strata.Api.Auth.Tokens;
using Strata.Api.Tests.Hosting;
using Strata.Contracts;
using Strata.Core;
using Strata.Deployments.Kinds;
using Strata.Entities.Engine;
using Strata.EntityApi.Tests.Hosting;
using Strata.Identity;
using Strata.Nodes.Api;
using Strata.Nodes.Kinds;
using Strata.Resources.Kinds;
using Strata.Storage.Tests.Contract;

namespace Strata.Deployments.Tests.Workloads;

/// <summary>Instances that prove to outside systems what they are.</summary>
public sealed class WorkloadIdentityTests : IAsyncLifetime
{
    private const string Path = "/api/v1/identity/token";
    private readonly MemoryStore store = new();
    private EntityHost host = null!;

    public async ValueTask InitializeAsync()
    {
        await ((IStore)store).InitializeAsync();
        host = await EntityHost.StartAsync(store, more: new HostedModule(
            [.. IdentityModule.Kinds, .. NodeKinds.All, .. DeploymentKinds.All],
            services => services.AddIdentity(new IdentityOptions { PublicUrl = new Uri("http://strata.test") })
                .AddWorkloadIdentity().AddSingleton<InstanceTokens>(),
            app =>
            {
                app.MapIdentity();
                app.MapWorkloadIdentity();
            }));
    }

    public async ValueTask DisposeAsync()
    {
        await host.DisposeAsync();
        await ((IStore)store).DisposeAsync();
    }

    [Fact]
    public async Task Instance_GetsATokenForOneAudience_ThatVerifiesByThePublishedKeys()
    {
        var (instance, token) = await StartInstanceAsync();
        using var http = host.Client(token);
        var issued = await http.SendJsonAsync("POST", Path, """{"audience":"sts.example.com"}""");
        Assert.True(issued.Status == 200, issued.Body.ToString());
        var parts = issued.Text("token").Split('.');
        var (head, claims) = (Read(parts[0]), Read(parts[1]));
        Assert.Equal($"organization:{host.Org}:project:web:deployment:shop", claims.GetProperty("sub").GetString());
        Assert.Equal(("http://strata.test/api", "sts.example.com", 600),
            (claims.GetProperty("iss").GetString(), claims.GetProperty("aud").GetString(),
                claims.GetProperty("exp").GetInt64() - claims.GetProperty("iat").GetInt64()));
        Assert.Equal((instance.Id, instance.Spec.Release, "default", "shop", host.Org.ToString()),
            (claims.GetProperty("instance").GetString(), claims.GetProperty("release").GetString(),
                claims.GetProperty("organization").GetString(), claims.GetProperty("deployment").GetString(),
                claims.GetProperty("organization_id").GetString()));
        var key = (await http.SendJsonAsync("GET", "/api/.well-known/jwks.json")).Body.GetProperty("keys").EnumerateArray()
            .Single(k => k.GetProperty("kid").GetString() == head.GetProperty("kid").GetString());
        Assert.Equal(("RS256", "RS256"), (head.GetProperty("alg").GetString(), key.GetProperty("alg").GetString()));
        using var rsa = RSA.Create(new RSAParameters
        {
            Modulus = Base64Url.DecodeFromChars(key.GetProperty("n").GetString()),
            Exponent = Base64Url.DecodeFromChars(key.GetProperty("e").GetString()),
        });
        Assert.True(rsa.VerifyData(
            Encoding.ASCII.GetBytes($"{parts[0]}.{parts[1]}"), Base64Url.DecodeFromChars(parts[2]), HashAlgorithmName.SHA256,
            RSASignaturePadding.Pkcs1));
    }

    [Fact]
    public async Task WorkloadToken_IsNoCredentialOfTheCloudItself()
    {
        var (_, token) = await StartInstanceAsync();
        using var http = host.Client(token);
        var issued = (await http.SendJsonAsync("POST", Path, """{"audience":"sts.example.com"}""")).Text("token");
        using var wrong = host.Client(issued);
        foreach (var path in new[] { "/api/v1/access/me", "/api/model/", "/api/oauth/userinfo", "/api/account" })
            Assert.Equal(401, (await wrong.SendJsonAsync("GET", path)).Status);
        Assert.Equal(401, (await wrong.SendJsonAsync("POST", Path, """{"audience":"sts.example.com"}""")).Status);
        using var admin = host.Client();
        var client = (await admin.SendJsonAsync("POST", "/api/clients")).Body;
        var (id, secret) = (client.GetProperty("client_id").GetString()!, client.GetProperty("client_secret").GetString()!);
        // Nor as the subject of an exchange, nor as what proves a client to be who it is.
        Assert.Equal(400, await TokenAsync(("client_id", id), ("client_secret", secret),
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("subject_token", issued),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt")));
        Assert.Equal(401, await TokenAsync(("grant_type", "client_credentials"), ("client_assertion", issued),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")));
        foreach (var ours in new[]
        {
            "http://strata.test/api", "http://strata.test", "https://strata.test/anything", "HTTP://STRATA.TEST", "strata.test", id, "",
            "a b", "ä", new string('x', 301),
        })
        {
            var refused = await http.SendJsonAsync("POST", Path, JsonSerializer.Serialize(new { audience = ours }));
            Assert.True(refused.Status == 400, ours);
        }
        foreach (var body in new[] { "{}", """{"audience":["a","b"]}""", """{"audience":"a","sub":"b"}""", "[]", "" })
            Assert.Equal(400, (await http.SendJsonAsync("POST", Path, body)).Status);
    }

    [Fact]
    public async Task OthersThanInstances_GetNone()
    {
        var (instance, token) = await StartInstanceAsync();
        using var admin = host.Client();
        Assert.Equal(403, (await admin.SendJsonAsync("POST", Path, """{"audience":"sts.example.com"}""")).Status);
        // A token of a user that is named as an instance's is none.
        var name = "instance-" + instance.Id[4..];
        using var named = host.Client(await host.TokenAsync(host.OtherOrg, name, [Roles.Application]));
        Assert.Equal(403, (await named.SendJsonAsync("POST", Path, """{"audience":"sts.example.com"}""")).Status);
        using var viewer = host.Client(await host.TokenAsync(host.Org, "viewer", [Roles.Viewer]));
        Assert.Equal(403, (await viewer.SendJsonAsync("POST", Path, """{"audience":"sts.example.com"}""")).Status);
        using var http = host.Client(token);
        await ChangeAsync(instance, "stop");
        Assert.Equal(409, (await http.SendJsonAsync("POST", Path, """{"audience":"sts.example.com"}""")).Status);
    }

    private async Task<(Resource<InstanceSpec, InstanceStatus> Instance, string Token)> StartInstanceAsync()
    {
        var caller = new Caller(host.Org, "test");
        var project = (await host.Service<ResourceStore<ProjectSpec, Nothing>>().GetAsync(caller, "web", AsOf.Latest, default)).Value;
        var deployment = (await host.Service<ResourceStore<DeploymentSpec, DeploymentStatus>>().CreateAsync(
            caller, new NewResource<DeploymentSpec> { Name = "shop", Project = project.Id, Spec = new() }, null, default)).Value;
        var instance = (await Instances.CreateAsync(caller, new NewResource<InstanceSpec>
        {
            Name = "shop-1", Project = project.Id,
            Spec = new InstanceSpec { Deployment = deployment.Id, Release = "rel_x", Image = "sha256:0", Command = ["/bin/app"] },
        }, null, default)).Value;
        return (instance, (await host.Service<InstanceTokens>().IssueAsync(caller, instance, default)).Value);
    }

    private ResourceStore<InstanceSpec, InstanceStatus> Instances => host.Service<ResourceStore<InstanceSpec, InstanceStatus>>();

    private async Task ChangeAsync(Resource<InstanceSpec, InstanceStatus> instance, string transition) =>
        Assert.True((await Instances.ChangeAsync(new Caller(host.Org, "test"), instance.Id, i => i, transition, null, default)).IsOk);

    private async Task<int> TokenAsync(params (string Name, string Value)[] form)
    {
        using var http = new HttpClient { BaseAddress = host.Address };
        using var answer = await http.PostAsync(
            "/api/oauth/token", new FormUrlEncodedContent(form.Select(f => KeyValuePair.Create(f.Name, f.Value))));
        return (int)answer.StatusCode;
    }

    private static JsonElement Read(string part) => JsonElement.Parse(Base64Url.DecodeFromChars(part));
}
