using Strata.Server.Options;

namespace Strata.Server.Tests.Options;

public sealed class BucketSettingsTests : IDisposable
{
    private const string Secret = "not-for-the-log";

    private readonly string folder = Directory.CreateTempSubdirectory("strata-test-").FullName;

    public void Dispose() => Folder.Delete(folder);

    private Core.Result<ServerOptions> Read(Dictionary<string, string> flags, string? secret = null)
    {
        var home = new HomeLayout(folder);
        var settings = ServerOptionsReader.Resolve(home, flags, name => name == "STRATA_BLOBS_SECRET_KEY" ? secret : null);
        return ServerOptionsReader.ToOptions(home, settings.Value);
    }

    [Fact]
    public void ToOptions_NothingSet_IsTheDisk() => Assert.Null(Read([]).Value.BlobBucket);

    [Fact]
    public void ToOptions_ABucketWithAPrefix_IsRead_AndNeverShowsItsSecret()
    {
        var options = Read(
            new() { ["blobs"] = "s3://data/clouds/one/", ["blobs-endpoint"] = "http://127.0.0.1:9000", ["blobs-access-key"] = "key" },
            Secret).Value;
        var bucket = options.BlobBucket!;
        Assert.Equal(("data", "clouds/one/", "us-east-1", null, "key", Secret),
            (bucket.Bucket, bucket.Prefix, bucket.Region, bucket.PathStyle, bucket.AccessKey, bucket.SecretKey));
        Assert.Equal("s3://data/clouds/one at http://127.0.0.1:9000", bucket.ToString());
        Assert.DoesNotContain(Secret, options.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void ToOptions_ASecretInAFile_IsRead()
    {
        var file = Path.Combine(folder, "secret");
        File.WriteAllText(file, Secret + "\n");
        Assert.Equal(
            Secret, Read(
                new() { ["blobs"] = "s3://data", ["blobs-access-key"] = "key",
                    ["blobs-secret-key-file"] = file }).Value.BlobBucket!.SecretKey);
    }

    [Theory]
    [InlineData("blobs", "s3://", "must be disk, an absolute path, s3://bucket")]
    [InlineData("blobs", "s3://UPPER/x", "must be disk, an absolute path, s3://bucket")]
    [InlineData("blobs", "s3://data/../x//y", "must be disk, an absolute path, s3://bucket")]
    [InlineData("blobs", "tape", "must be disk, an absolute path, s3://bucket")]
    [InlineData("blobs-endpoint", "minio.example.com", "must be an http or https address")]
    [InlineData("blobs-endpoint", "http://key:secret@minio.example.com", "must be an http or https address")]
    [InlineData("blobs-path-style", "perhaps", "must be on, off or auto")]
    [InlineData("blobs-access-key", "key", "blobs-secret-key must be")]
    [InlineData("blobs-secret-key-file", "/no/such/file", "must be a file that can be read")]
    public void ToOptions_WhatCannotBe_IsAFaultThatNamesTheSetting(string name, string value, string expected)
    {
        var flags = new Dictionary<string, string> { ["blobs"] = "s3://data", [name] = value };
        var error = Read(flags).Error!;
        Assert.Equal("CONFIG_INVALID", error.Code);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Resolve_ASecretAsAFlag_IsNotTaken() =>
        Assert.Contains("blobs-secret-key must be",
            Read(new() { ["blobs"] = "s3://data", ["blobs-access-key"] = "key", ["blobs-secret-key"] = Secret }).Error!.Message);
}
