using System.Text.Json;
using System.Text.RegularExpressions;
using Strata.Benchmarks;
using static Strata.Entity.Benchmarks.Settings;

namespace Strata.Entity.Benchmarks;

/// <summary>
/// GET of entities by a person who has signed in, against the same by a token, by the server's processor time. Which of the two is first
/// changes with each round.
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
        var (byToken, byPerson) = (cloud.PathOf("token.lua"), cloud.PathOf("person.lua"));
        await File.WriteAllTextAsync(byToken, Scripts.Get(cloud.Token, loaded.Ids, ""));
        await File.WriteAllTextAsync(byPerson, Scripts.Get(await SignInAsync(cloud), loaded.Ids, ""));
        for (var run = 0; run < WarmRuns; run++) await MeasureAsync(run % 2 == 0 ? byToken : byPerson);
        var (people, tokens) = (new List<double>(), new List<double>());
        for (var round = 1; round <= settings.Rounds; round++)
        {
            foreach (var isPerson in (bool[])[round % 2 == 0, round % 2 != 0])
            {
                var (measured, cost) = await cloud.RestedAsync(() => MeasureAsync(isPerson ? byPerson : byToken), settings.Duration);
                (isPerson ? people : tokens).Add(cost.Server);
                Say($"round {round}: by a {(isPerson ? "person" : "token")} {measured}; {cost}");
            }
        }
        Say($"RESULT name=authz-person ours={Median(people):0.0} peer={Median(tokens):0.0} ratio={Median(tokens) / Median(people):0.000}");

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

    [GeneratedRegex("<option value=\"([^\"]+)\"")]
    private static partial Regex Organization();
}
