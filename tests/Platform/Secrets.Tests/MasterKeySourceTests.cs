using System.Security.Cryptography;
using Strata.Core;
using Strata.Secrets.Masters;
using Strata.TestSupport;

namespace Strata.Secrets.Tests;

public sealed class MasterKeySourceTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("strata-secrets-").FullName;

    private static string NewLine => Convert.ToBase64String(RandomNumberGenerator.GetBytes(SealedSecrets.KeyBytes));

    public void Dispose() => Folder.Delete(folder);

    [Theory]
    [InlineData("file:")]
    [InlineData("env:")]
    [InlineData("/etc/key")]
    [InlineData("vault:x")]
    public void Parse_WhatIsNoForm_IsRefused(string text) =>
        Assert.Throws<FormatException>(() => MasterKeySource.Parse(text, "cloud.key", _ => null));

    [Fact]
    public async Task Read_EachForm_GivesTheCurrentKeyFirst()
    {
        var (first, second) = (NewLine, NewLine);
        var file = In("master");
        await File.WriteAllTextAsync(file, $"{first}\n{second}\n", TestContext.Current.CancellationToken);
        foreach (var source in new[]
        {
            MasterKeySource.Parse("", file, _ => null), MasterKeySource.Parse("file:" + file, "unused", _ => null),
            MasterKeySource.Parse("env:KEYS", "unused", name => name == "KEYS" ? $"{first}\n{second}" : null),
            MasterKeySource.Parse($"command:cat '{file}'", "unused", _ => null),
        })
        {
            var keys = await source.ReadAsync(TestContext.Current.CancellationToken);
            Assert.Equal([first, second], keys!.All.Select(k => k.ToLine()));
        }
    }

    [Fact]
    public async Task Read_WhatIsMissing_IsNull_AndACommandThatFailsIsAnError()
    {
        Assert.Null(await MasterKeySource.Parse("", In("none"), _ => null).ReadAsync(TestContext.Current.CancellationToken));
        Assert.Null(await MasterKeySource.Parse("env:NONE", "", _ => null).ReadAsync(TestContext.Current.CancellationToken));
        foreach (var source in new[]
        {
            "command:echo the-secret; echo no >&2; exit 3", "command:true", "command:echo not-a-key", "command:yes", "file:/dev/zero",
        })
        {
            var failed = await Assert.ThrowsAsync<StrataException>(
                () => MasterKeySource.Parse(source, "", _ => null).ReadAsync(TestContext.Current.CancellationToken));
            Assert.Equal("KEY_INVALID", failed.Error.Code);
            Assert.DoesNotContain("the-secret\n", failed.Error.Message, StringComparison.Ordinal);
        }
    }

    private string In(string name) => Path.Combine(folder, name);

    [Fact]
    public async Task Write_IsReadableByItsOwnerOnly()
    {
        var file = In("written");
        var source = MasterKeySource.Parse("", file, _ => null);
        source.Write(new MasterKeys(MasterKey.Create(), [MasterKey.Create()]));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Single((await source.ReadAsync(TestContext.Current.CancellationToken))!.Previous);
    }
}
