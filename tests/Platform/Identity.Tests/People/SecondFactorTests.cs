using System.Text.RegularExpressions;
using OtpNet;
using Strata.Api.Tests.Hosting;
using Strata.Storage.Tests.Contract;

namespace Strata.Identity.Tests.People;

/// <summary>One-time codes after the password, as another program's authenticator makes them.</summary>
public sealed partial class SecondFactorTests() : PeopleContract(new MemoryStore())
{
    [Fact]
    public async Task SignIn_AsksForTheCode_AndTakesEachOnce()
    {
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        var (totp, recovery) = await TurnOnAsync(ada);
        Assert.Equal(10, recovery.Count);
        var browser = NewBrowser();
        var half = await browser.SignInAsync("ada@example.com", Password, "/device");
        Assert.Equal("/sign-in/second?return=%2Fdevice", half.Path);
        Assert.Equal("Sign in", (await browser.GetAsync("/account")).Title);
        Assert.Equal(401, (await SendCodeAsync(browser, "000000")).Status);
        // The step of the code that turned it on was used.
        var next = totp.ComputeTotp(DateTimeOffset.UnixEpoch.AddSeconds(30 * (totp.LastStep + 1)).UtcDateTime);
        Assert.Equal(401, (await SendCodeAsync(browser, totp.ComputeTotp(
            DateTimeOffset.UnixEpoch.AddSeconds(30 * totp.LastStep).UtcDateTime))).Status);
        var others = new[] { browser, NewBrowser(), NewBrowser() };
        foreach (var other in others) await other.SignInAsync("ada@example.com", Password);
        var attempts = await Task.WhenAll(others.Select(b => SendCodeAsync(b, next)));
        Assert.Single(attempts, p => p.Status == 200);
    }

    [Fact]
    public async Task RecoveryCode_LetsInOnce_AndTheOperatorAsLastResort()
    {
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        var (_, recovery) = await TurnOnAsync(ada);
        var browser = NewBrowser();
        await browser.SignInAsync("ada@example.com", Password);
        Assert.Equal("/account", (await SendCodeAsync(browser, recovery[3].ToUpperInvariant())).Path);
        var other = NewBrowser();
        await other.SignInAsync("ada@example.com", Password);
        Assert.Equal(401, (await SendCodeAsync(other, recovery[3])).Status);
        Assert.Equal(204, (await Admin.SendJsonAsync("DELETE", "/api/v1/people/ada/second-factor")).Status);
        Assert.Equal("/account", (await NewBrowser().SignInAsync("ada@example.com", Password)).Path);
    }

    [Fact]
    public async Task Codes_CannotBeTriedForever_AndThePasswordAloneIsNothing()
    {
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        await TurnOnAsync(ada);
        Assert.Equal("/sign-in", (await NewBrowser().PostAsync("/sign-in/second", null, ("code", "123456"))).Path);
        var browser = NewBrowser();
        await browser.SignInAsync("ada@example.com", Password);
        for (var i = 0; i < 10; i++) Assert.Equal(401, (await SendCodeAsync(browser, "00000" + i)).Status);
        Assert.Equal(429, (await SendCodeAsync(browser, "000001")).Status);
    }

    [Fact]
    public async Task TurningOff_TakesThePassword()
    {
        var ada = await JoinAsync("ada@example.com", ["viewer"]);
        await TurnOnAsync(ada);
        Assert.Equal("/account", (await ada.GetAsync("/account/second")).Path); // it is on, and not replaced
        Assert.Equal(400, (await ada.PostAsync("/account/second/off", null, ("old", "wrong"))).Status);
        Assert.StartsWith("/sign-in/second", (await NewBrowser().SignInAsync("ada@example.com", Password)).Path, StringComparison.Ordinal);
        Assert.Equal("/account", (await ada.PostAsync("/account/second/off", null, ("old", Password))).Path);
        Assert.Equal("/account", (await NewBrowser().SignInAsync("ada@example.com", Password)).Path);
    }

    private static Task<Page> SendCodeAsync(TestBrowser browser, string code) =>
        browser.PostAsync("/sign-in/second", null, ("code", code), ("return", "/account"));

    private static async Task<(StepTotp Totp, IReadOnlyList<string> Recovery)> TurnOnAsync(TestBrowser browser)
    {
        var offered = await browser.GetAsync("/account/second");
        var secret = Base32Encoding.ToBytes(Key().Match(offered.Html).Groups[1].Value);
        var kept = System.Net.WebUtility.HtmlDecode(Sealed().Match(offered.Html).Groups[1].Value);
        var wrong = await browser.PostAsync("/account/second", null, ("sealed", kept), ("code", "12345"), ("old", Password));
        Assert.Equal(400, wrong.Status);
        var totp = new StepTotp(secret);
        Assert.Equal(400, (await browser.PostAsync("/account/second", null, ("sealed", kept), ("old", "wrong one"))).Status);
        var code = totp.ComputeTotp(TimeProvider.System.GetUtcNow().UtcDateTime);
        var on = await browser.PostAsync("/account/second", null, ("sealed", kept), ("code", code), ("old", Password));
        Assert.True(on.Title == "Keep these recovery codes", on.Html);
        return (totp, [.. Code().Matches(on.Html).Select(m => m.Groups[1].Value)]);
    }

    /// <summary>Knows the step of the code that it was asked for last.</summary>
    private sealed class StepTotp(byte[] secret)
    {
        private readonly Totp totp = new(secret);

        public long LastStep { get; private set; }

        public string ComputeTotp(DateTime time)
        {
            if (LastStep == 0) LastStep = new DateTimeOffset(time).ToUnixTimeSeconds() / 30;
            return totp.ComputeTotp(time);
        }
    }

    [GeneratedRegex("class=\"code key\">([A-Z2-7]+)<")]
    private static partial Regex Key();

    [GeneratedRegex("name=\"sealed\" value=\"([^\"]+)\"")]
    private static partial Regex Sealed();

    [GeneratedRegex("<li>([a-z0-9-]{11})</li>")]
    private static partial Regex Code();
}
