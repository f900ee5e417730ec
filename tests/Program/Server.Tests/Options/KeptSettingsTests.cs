using Strata.Core;
using Strata.Server.Options;

namespace Strata.Server.Tests.Options;

/// <summary>The settings of the last start, which its data folder keeps.</summary>
public sealed class KeptSettingsTests : IDisposable
{
    private readonly HomeLayout home = new(Directory.CreateTempSubdirectory("strata-kept-").FullName);

    public void Dispose() => Directory.Delete(home.Root, recursive: true);

    [Fact]
    public void Save_ThenRead_HasValuesAndSources_AndNoPassword()
    {
        Directory.CreateDirectory(home.Run);
        var flags = new Dictionary<string, string> { ["api-port"] = "9090", ["postgres-url"] = "postgres://u:hunter2@h/d",
            ["egress-allow"] = "10.0.0.0/8, 10.1.0.0/16" };
        var settings = ServerOptionsReader.Resolve(
            home, flags, name => name switch { "STRATA_HTTP_PORT" => "9091", "STRATA_BLOBS_SECRET_KEY" => "hunter2", _ => null }).Value;
        KeptSettings.Save(home, settings);
        Assert.DoesNotContain("hunter2", File.ReadAllText(home.SettingsFile), StringComparison.Ordinal);
        var kept = KeptSettings.Read(home)!.ToDictionary(s => s.Setting);
        Assert.Equal(("9090", "flag --api-port"), (kept[Setting.ApiPort].Value, kept[Setting.ApiPort].Source));
        Assert.Equal("environment STRATA_HTTP_PORT", kept[Setting.HttpPort].Source);
        Assert.Equal(SettingValue.DefaultSource, kept[Setting.Listen].Source);
        Assert.Equal("STRATA_BLOBS_SECRET_KEY=SECRET strata up -d --postgres-url URL", KeptSettings.StartCommand(home, detached: true));
    }

    [Fact]
    public void Over_ASecretOfTheLastStart_IsShownAndNotUsed()
    {
        Directory.CreateDirectory(home.Run);
        var flags = new Dictionary<string, string> { ["blobs"] = "s3://data", ["blobs-access-key"] = "key",
            ["postgres-url"] = "postgres://u:hunter2@h/d" };
        KeptSettings.Save(
            home, ServerOptionsReader.ResolveWithoutFile(flags, name => name == "STRATA_BLOBS_SECRET_KEY" ? "hunter2" : null));
        var over = KeptSettings.Over(home, ServerOptionsReader.ResolveWithoutFile(new Dictionary<string, string>(), _ => null));
        Assert.Equal([Setting.PostgresUrl, Setting.BlobsSecretKey], over.Where(s => s.IsHidden).Select(s => s.Setting));
        var options = ServerOptionsReader.ToOptions(home, over).Value;
        Assert.Equal(("key", null, null), (options.BlobBucket!.AccessKey, options.BlobBucket.SecretKey, options.PostgresUrl));

        var now = ServerOptionsReader.ResolveWithoutFile(
            new Dictionary<string, string>(), name => name == "STRATA_BLOBS_SECRET_KEY" ? "here" : null);
        Assert.Equal("here", ServerOptionsReader.ToOptions(home, KeptSettings.Over(home, now)).Value.BlobBucket!.SecretKey);
    }

    [Theory]
    [InlineData("""[{"name":"postgr""")]
    [InlineData("null")]
    [InlineData("[null]")]
    [InlineData("""[{"name":"agent","value":null,"source":"flag --agent"}]""")]
    public void ForStart_WithDamagedSettings_IsRefused(string text)
    {
        Directory.CreateDirectory(home.Run);
        File.WriteAllText(home.SettingsFile, text);
        Assert.Equal("SETTINGS_UNREADABLE", KeptSettings.ForStart(home, Now()).Error?.Code);
        Assert.Null(KeptSettings.Read(home));
    }

    [Fact]
    public async Task ForStart_WithSomethingElseInTheirPlace_IsRefusedAtOnce()
    {
        Directory.CreateDirectory(home.SettingsFile);
        Assert.Equal("SETTINGS_UNREADABLE", KeptSettings.ForStart(home, Now()).Error?.Code);
        Directory.Delete(home.SettingsFile);
        await ProcessRun.RunAsync(new("mkfifo", [home.SettingsFile]), null, 1000, TestContext.Current.CancellationToken);
        Assert.Equal("SETTINGS_UNREADABLE", KeptSettings.ForStart(home, Now()).Error?.Code);
        File.Delete(home.SettingsFile);
        File.WriteAllText(home.SettingsFile, new string(' ', 1 << 20));
        Assert.Equal("SETTINGS_UNREADABLE", KeptSettings.ForStart(home, Now()).Error?.Code);
    }

    /// <summary>The key was moved from the environment to a file, or back: both together would be refused.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ForStart_WithTheBucketsKeyGivenInAnotherWay_UsesTheNewOne(bool toFile)
    {
        Directory.CreateDirectory(home.Run);
        var file = Path.Combine(home.Root, "key");
        File.WriteAllText(file, "from file");
        var bucket = new Dictionary<string, string> { ["blobs"] = "s3://data", ["blobs-access-key"] = "key" };
        KeptSettings.Save(home, Settings(bucket, inFile: !toFile));
        var start = KeptSettings.ForStart(home, Settings([], inFile: toFile)).Value;
        Assert.Equal(toFile ? "from file" : "from shell", ServerOptionsReader.ToOptions(home, start).Value.BlobBucket!.SecretKey);

        IReadOnlyList<SettingValue> Settings(Dictionary<string, string> flags, bool inFile) => ServerOptionsReader.ResolveWithoutFile(
            inFile ? new Dictionary<string, string>(flags) { ["blobs-secret-key-file"] = file } : flags,
            name => !inFile && name == "STRATA_BLOBS_SECRET_KEY" ? "from shell" : null);
    }

    [Fact]
    public void Over_SettingsOfThisShell_Win()
    {
        Directory.CreateDirectory(home.Run);
        KeptSettings.Save(
            home, ServerOptionsReader.ResolveWithoutFile(
                new Dictionary<string, string> { ["api-port"] = "9090", ["http-port"] = "9091" }, _ => null));
        File.WriteAllText(Path.Combine(home.Root, ServerOptionsReader.FileName), "agent: off\n");
        var now = ServerOptionsReader.Resolve(home, new Dictionary<string, string> { ["http-port"] = "7000" }, _ => null).Value;
        var over = KeptSettings.Over(home, now).ToDictionary(s => s.Setting, s => (s.Value, s.Source));
        Assert.Equal(("9090", "last start, flag --api-port"), over[Setting.ApiPort]);
        Assert.Equal(("7000", "flag --http-port"), over[Setting.HttpPort]);
        Assert.Equal(("off", Path.Combine(home.Root, ServerOptionsReader.FileName) + ":1"), over[Setting.Agent]);
    }

    [Fact]
    public void ForStart_TwoStartsLater_StillHasWhatTheFirstWasGiven_AndTheFileWinsOverIt()
    {
        Directory.CreateDirectory(home.Run);
        KeptSettings.Save(
            home, ServerOptionsReader.ResolveWithoutFile(
                new Dictionary<string, string> { ["api-port"] = "9090", ["agent"] = "off" }, _ => null));
        KeptSettings.Save(home, KeptSettings.ForStart(home, Now()).Value);
        File.WriteAllText(Path.Combine(home.Root, ServerOptionsReader.FileName), "agent: on\n");
        var third = KeptSettings.ForStart(home, Now()).Value;
        Assert.Equal("last start, flag --api-port", third.Single(s => s.Setting == Setting.ApiPort).Source);
        Assert.Equal(
            (9090, true),
            (ServerOptionsReader.ToOptions(home, third).Value.ApiPort, ServerOptionsReader.ToOptions(home, third).Value.Agent));
        Assert.Equal("--api-port 9090", KeptSettings.FlagsOfLastStart(third));
        Assert.Equal("strata up", KeptSettings.StartCommand(home, detached: false));
    }

    [Fact]
    public void ForStart_WithoutTheDatabaseOfTheLastStart_IsRefused()
    {
        Directory.CreateDirectory(home.Run);
        KeptSettings.Save(
            home, ServerOptionsReader.ResolveWithoutFile(
                new Dictionary<string, string> { ["postgres-url"] = "postgres://u:hunter2@h/d" }, _ => null));
        var refused = KeptSettings.ForStart(home, Now()).Error!;
        Assert.Equal("SETTING_NEEDED", refused.Code);
        Assert.Contains("STRATA_POSTGRES_URL", refused.NextStep, StringComparison.Ordinal);
        var empty = ServerOptionsReader.ResolveWithoutFile(new Dictionary<string, string> { ["postgres-url"] = "" }, _ => null);
        Assert.Null(ServerOptionsReader.ToOptions(home, KeptSettings.ForStart(home, empty).Value).Value.PostgresUrl);
    }

    private IReadOnlyList<SettingValue> Now() => ServerOptionsReader.Resolve(home, new Dictionary<string, string>(), _ => null).Value;
}
