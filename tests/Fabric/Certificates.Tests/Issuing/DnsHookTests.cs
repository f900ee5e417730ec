using Strata.Certificates.Acme;
using Strata.Certificates.Issuing;
using Strata.TestSupport;

namespace Strata.Certificates.Tests.Issuing;

/// <summary>The program that sets DNS records.</summary>
public sealed class DnsHookTests : IDisposable
{
    private static readonly AcmeChallenge Challenge = new("shop.example.com", AcmeChallenge.Dns, "token", "token.thumbprint");

    private readonly string folder = Directory.CreateTempSubdirectory("strata-dns-").FullName;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => Folder.Delete(folder);

    [Fact]
    public async Task Program_IsCalledWithNameAndValue_AndFewVariables()
    {
        Environment.SetEnvironmentVariable("DNS_TOKEN", "for-the-hook");
        Environment.SetEnvironmentVariable("STRATA_HOOK_TEST", "for-no-one");
        var hook = HookOf("echo \"$# $* ${DNS_TOKEN-} ${STRATA_HOOK_TEST-}\" >> \"$0.log\"");
        Assert.True((await hook.PresentAsync(Challenge, Cancelled)).IsOk);
        await hook.WithdrawAsync(Challenge, Cancelled);
        var said = $"_acme-challenge.shop.example.com. {Challenge.DnsValue} for-the-hook ";
        Assert.Equal([$"3 present {said}", $"3 cleanup {said}"], await File.ReadAllLinesAsync(Path.Combine(folder, "hook.log"), Cancelled));
    }

    [Theory]
    [InlineData("echo \"no such zone\" >&2; exit 3", "it ended with 3: no such zone")]
    [InlineData("yes | head -c 1000000; exit 1", "it ended with 1: ")]
    public async Task Program_ThatFails_IsQuoted(string text, string expected)
    {
        var failed = await HookOf(text).PresentAsync(Challenge, Cancelled);
        Assert.Equal("DNS_HOOK_FAILED", failed.Error?.Code);
        Assert.Contains(expected, failed.Error!.Message, StringComparison.Ordinal);
        Assert.InRange(failed.Error.Message.Length, 1, 500);
    }

    [Fact]
    public async Task Program_ThatIsNotThere_IsSaid()
    {
        var gone = await new DnsHook(Path.Combine(folder, "gone"), TimeProvider.System).PresentAsync(Challenge, Cancelled);
        Assert.Equal("DNS_HOOK_FAILED", gone.Error?.Code);
        var none = await new DnsHook(null, TimeProvider.System).PresentAsync(Challenge, Cancelled);
        Assert.Contains("--dns-hook", none.Error?.NextStep, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Program_ThatDoesNotEnd_IsStopped()
    {
        var time = new FakeTime();
        var program = HookOf("echo $$ > \"$0.pid\"; exec sleep 600", time);
        var running = program.PresentAsync(Challenge, Cancelled);
        await Wait.UntilAsync(() => File.Exists(Path.Combine(folder, "hook.pid")), "it runs", 30);
        time.Advance(TimeSpan.FromMinutes(5));
        Assert.Contains("longer than 5 minutes", (await running).Error?.Message, StringComparison.Ordinal);
        var pid = (await File.ReadAllTextAsync(Path.Combine(folder, "hook.pid"), Cancelled)).Trim();
        await Wait.UntilAsync(() => !Directory.Exists($"/proc/{pid}"), "it is gone", 30);
    }

    private DnsHook HookOf(string text, TimeProvider? time = null)
    {
        var path = Path.Combine(folder, "hook");
        File.WriteAllText(path, $"#!/bin/sh\n{text}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return new DnsHook(path, time ?? TimeProvider.System);
    }
}
