using System.Net.Http.Headers;
using System.Text;

namespace Strata.Server.Tests.Security;

/// <summary>Whoever guesses at the secret of a machine client does not lock it out.</summary>
public sealed class GuessTests(SecurityClouds clouds)
{
    [Fact]
    public async Task RightSecret_AfterManyWrongOnes_IsLetIn()
    {
        var cloud = await clouds.InProcessAsync();
        var client = (await cloud.CallAsync(cloud.A.Admin, "POST", "/api/clients")).Body;
        var (id, secret) = (client.GetProperty("client_id").GetString()!, client.GetProperty("client_secret").GetString()!);
        var wrong = new List<int>();
        for (var guess = 0; guess < 60; guess++) wrong.Add(await AskAsync(cloud, id, "guess-" + guess));
        Assert.Contains(429, wrong);
        Assert.Equal(200, await AskAsync(cloud, id, secret));
    }

    private static async Task<int> AskAsync(SecurityCloud cloud, string id, string secret)
    {
        using var http = new HttpClient { BaseAddress = cloud.ApiUrl };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{id}:{secret}")));
        using var form = new FormUrlEncodedContent([new("grant_type", "client_credentials")]);
        using var answer = await http.PostAsync("/api/oauth/token", form);
        return (int)answer.StatusCode;
    }
}
