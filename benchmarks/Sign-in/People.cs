using System.Net;
using Strata.Entity.Benchmarks;

namespace Strata.SignIn.Benchmarks;

/// <summary>People of a cloud, who join by invitations and sign in with passwords, as browsers do.</summary>
/// <param name="prefix">Of their addresses, so that several of these can be of one cloud.</param>
internal sealed class People(Cloud cloud, string prefix = "person") : IDisposable
{
    private const string Password = "correct horse battery";

    private readonly HttpClient browser = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false })
    {
        BaseAddress = new Uri(cloud.Url),
    };

    private int organizations;
    private int next;

    public int Count { get; private set; }

    /// <summary>Adds people and organizations until there are as many.</summary>
    public async Task GrowAsync(int people, int organizationsWanted)
    {
        for (; organizations < organizationsWanted; organizations++)
            await cloud.SendAsync("POST", "/api/v1/organizations", $$$"""{"name":"org-{{{organizations}}}","spec":{}}""");
        while (Count < people) await AddAsync($"org-{Count % organizations}");
    }

    /// <summary>Adds one person.</summary>
    /// <param name="organization">Its name.</param>
    public async Task AddAsync(string organization)
    {
        var body = $$$"""{"spec":{"email":"{{{EmailOf(Count)}}}","roles":["viewer"]}}""";
        var invited = await cloud.SendAsync("POST", $"/api/v1/invitations?org={organization}", body);
        var link = new Uri(invited.GetProperty("link").GetString()!).AbsolutePath;
        await PostAsync(link, HttpStatusCode.OK, ("email", EmailOf(Count)), ("password", Password));
        Count++;
    }

    /// <summary>One person, another one each time, signs in.</summary>
    public async ValueTask SignInAsync()
    {
        var person = Interlocked.Increment(ref next) % Count;
        await PostAsync("/sign-in", HttpStatusCode.SeeOther, ("email", EmailOf(person)), ("password", Password));
    }

    public void Dispose() => browser.Dispose();

    private string EmailOf(int person) => $"{prefix}-{person}@example.com";

    private async Task PostAsync(string path, HttpStatusCode expected, params (string Name, string Value)[] form)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new FormUrlEncodedContent(form.Select(f => KeyValuePair.Create(f.Name, f.Value))),
        };
        request.Headers.Add("Origin", cloud.Url);
        using var answer = await browser.SendAsync(request);
        if (answer.StatusCode != expected)
            throw new InvalidOperationException($"{path}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
    }
}
