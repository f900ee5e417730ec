using System.Text.Json;
using System.Text.RegularExpressions;
using Strata.Benchmarks;
using static Strata.Entity.Benchmarks.Settings;

namespace Strata.Entity.Benchmarks;

/// <summary>
/// Reads and creations of entities by a person who has signed in, against the same by a token, by the server's processor time. Which of
/// the two is first changes with each round.
/// </summary>
internal static partial class AuthzBenchmark
{
    private const int Entities = 20_000;
    private const int WarmRuns = 5;
    private const string Password = "correct horse battery";

    public static async Task RunAsync(Cloud cloud, Settings settings)
    {
        await cloud.AddModelAsync("order", Documents.Order);
        var loaded = await Loaded.AddAsync(cloud, Entities);
        var person = await SignInAsync(cloud);
        var reads = await CompareAsync("get", token => Scripts.Get(token, loaded.Ids, ""));
        var creations = await CompareAsync("create", token => Scripts.Create([token], CreateBenchmark.Path, Documents.Order));
        Say($"RESULT name=authz-person ours={reads.Person:0.0} peer={reads.Token:0.0} ratio={reads.Ratio:0.000} create={creations.Ratio:0.000}");

        async Task<Compared> CompareAsync(string what, Func<string, string> script)
        {
            var (byToken, byPerson) = (cloud.PathOf($"{what}-token.lua"), cloud.PathOf($"{what}-person.lua"));
            await File.WriteAllTextAsync(byToken, script(cloud.Token));
            await File.WriteAllTextAsync(byPerson, script(person));
            return await MeasureInTurnsAsync(cloud, settings, what, byToken, byPerson);
        }
    }

    private static async Task<Compared> MeasureInTurnsAsync(
        Cloud cloud, Settings settings, string what, string byToken, string byPerson)
    {
        for (var run = 0; run < WarmRuns; run++) await MeasureAsync(run % 2 == 0 ? byToken : byPerson);
        var (people, tokens) = (new List<double>(), new List<double>());
        for (var round = 1; round <= settings.Rounds; round++)
        {
            foreach (var isPerson in (bool[])[round % 2 == 0, round % 2 != 0])
            {
                var (measured, cost) = await cloud.RestedAsync(() => MeasureAsync(isPerson ? byPerson : byToken), settings.Duration);
                (isPerson ? people : tokens).Add(cost.Server);
                Say($"{what}, round {round}: by a {(isPerson ? "person" : "token")} {measured}; {cost}");
            }
        }
        return new Compared(Median(people), Median(tokens));

        Task<WrkRun> MeasureAsync(string script) => Wrk.RunAsync(script, 2, Connections, settings.Duration, cloud.Url);
    }

    /// <summary>An account by an invitation, and the token of its command line by the device flow.</summary>
    private static async Task<string> SignInAsync(Cloud cloud)
    {
        var made = await cloud.SendAsync("POST", "/api/v1/invitations", """{"spec":{"roles":["admin"]}}""");
        using var browser = new HttpClient { BaseAddress = new Uri(cloud.Url) };
        var link = new Uri(made.GetProperty("link").GetString()!).AbsolutePath;
        await SendAsync(browser, link, ("email", "ada@example.com"), ("password", Password));
        var asked = JsonElement.Parse(await SendAsync(browser, "/api/oauth/device", ("client_id", "strata-cli")));
        var code = asked.GetProperty("user_code").GetString()!;
        var page = await browser.GetStringAsync($"/device?user_code={code}");
        await SendAsync(
            browser, "/device", ("user_code", code), ("organization", Organization().Match(page).Groups[1].Value), ("answer", "approve"));
        var token = await SendAsync(
            browser, "/api/oauth/token", ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"), ("client_id", "strata-cli"),
            ("device_code", asked.GetProperty("device_code").GetString()!));
        return JsonElement.Parse(token).GetProperty("access_token").GetString()!;
    }

    private static async Task<string> SendAsync(HttpClient browser, string path, params (string Name, string Value)[] form)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new FormUrlEncodedContent(form.Select(f => KeyValuePair.Create(f.Name, f.Value))),
        };
        request.Headers.Add("Origin", browser.BaseAddress!.GetLeftPart(UriPartial.Authority));
        using var answer = await browser.SendAsync(request);
        return await answer.EnsureSuccessStatusCode().Content.ReadAsStringAsync();
    }

    /// <summary>Microseconds of the server for each request.</summary>
    private sealed record Compared(double Person, double Token)
    {
        public double Ratio => Token / Person;
    }

    [GeneratedRegex("<option value=\"([^\"]+)\"")]
    private static partial Regex Organization();
}
