using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.Security;

/// <summary>
/// The real program with two organizations, <c>a</c> and <c>b</c>, that know nothing of each other. Each has the projects <c>default</c>
/// and <c>p2</c>. The first organization of the cloud, <c>default</c>, has the operator. Shared by all scenarios: each uses names of its
/// own and leaves nothing that hurts others.
/// </summary>
public sealed class SecurityCloud : Cloud
{
    private SecurityCloud()
    {
    }

    /// <summary>The organization that is attacked.</summary>
    public Tenant A { get; private set; } = null!;

    /// <summary>The organization that attacks.</summary>
    public Tenant B { get; private set; } = null!;

    /// <summary>Token of the cloud's operator, whose own organization is <c>default</c>.</summary>
    public string Operator => Token;

    public static async Task<SecurityCloud> StartAsync(params string[] flags)
    {
        var cloud = new SecurityCloud();
        (await cloud.UpAsync(flags)).ShouldSucceed();
        (cloud.A, cloud.B) = (await cloud.AddAsync("a"), await cloud.AddAsync("b"));
        return cloud;
    }

    /// <summary>A client of the API. The caller disposes it.</summary>
    public HttpClient Api(string token)
    {
        var http = new HttpClient { BaseAddress = ApiUrl, Timeout = TimeSpan.FromMinutes(2) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return http;
    }

    /// <summary>One call of the API as the holder of a token.</summary>
    public async Task<(int Status, JsonElement Body)> CallAsync(
        string token, string method, string path, string? body = null, string contentType = "application/json")
    {
        using var http = Api(token);
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null) request.Content = new StringContent(body, Encoding.UTF8, contentType);
        using var answer = await http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        var isJson = text.Length > 0 && answer.Content.Headers.ContentType?.MediaType?.EndsWith("json", StringComparison.Ordinal) == true;
        return ((int)answer.StatusCode, isJson ? JsonElement.Parse(text) : default);
    }

    /// <summary>A command of the program with a token of its own instead of the operator's.</summary>
    public Task<CommandResult> RunAsAsync(string token, params string[] arguments) =>
        RunAsync(new Dictionary<string, string> { ["STRATA_TOKEN"] = token }, arguments);

    private async Task<Tenant> AddAsync(string name)
    {
        var made = (await RunAsync("orgs", "create", name, "--json")).ShouldSucceed().Json;
        var admin = made.GetProperty("token").GetString()!;
        Assert.Equal(201, (await CallAsync(admin, "POST", "/api/v1/projects", """{"name":"p2","spec":{}}""")).Status);
        return new Tenant
        {
            Name = name,
            Id = made.GetProperty("organization").GetProperty("id").GetString()!,
            Admin = admin,
            Developer = await TokenAsync(admin, """{"name":"developer","spec":{"roles":["developer"]}}"""),
            ProjectDeveloper = await TokenAsync(admin, """{"name":"p2-developer","spec":{"roles":["developer"],"project":"p2"}}"""),
        };
    }

    private async Task<string> TokenAsync(string admin, string body)
    {
        var made = await CallAsync(admin, "POST", "/api/v1/tokens", body);
        Assert.Equal(201, made.Status);
        return made.Body.GetProperty("token").GetString()!;
    }
}

/// <summary>An organization with a token of each sort.</summary>
public sealed record Tenant
{
    public required string Name { get; init; }
    public required string Id { get; init; }
    public required string Admin { get; init; }
    public required string Developer { get; init; }

    /// <summary>A developer whose token is for the project <c>p2</c> only.</summary>
    public required string ProjectDeveloper { get; init; }
}

/// <summary>
/// The clouds of the security suite, one for each edge mode, started when the first scenario asks for it. Take this in the constructor of a
/// test class, and:
/// <code>var cloud = await clouds.InProcessAsync();</code>
/// </summary>
public sealed class SecurityClouds : IAsyncDisposable
{
    private readonly Lazy<Task<SecurityCloud>> inProcess = new(() => SecurityCloud.StartAsync());
    private readonly Lazy<Task<SecurityCloud>> inline = new(() => SecurityCloud.StartAsync("--edge-mode", "inline"));

    /// <summary>In the default edge mode.</summary>
    public Task<SecurityCloud> InProcessAsync() => inProcess.Value;

    /// <summary>With the edge as a process of its own; for scenarios in which the edge matters.</summary>
    public Task<SecurityCloud> InlineAsync() => inline.Value;

    /// <param name="edge"><c>default</c> or <c>inline</c>, as a theory's data has it.</param>
    public Task<SecurityCloud> InModeAsync(string edge) => edge == "inline" ? InlineAsync() : InProcessAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var cloud in new[] { inProcess, inline })
        {
            if (cloud.IsValueCreated && cloud.Value.IsCompletedSuccessfully) await (await cloud.Value).DisposeAsync();
        }
    }
}
