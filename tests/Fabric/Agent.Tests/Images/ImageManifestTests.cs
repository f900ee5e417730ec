using System.Text;
using Strata.Agent.Images;

namespace Strata.Agent.Tests.Images;

/// <summary>Anyone may upload any JSON as an image's manifest: all of it is read or refused, and nothing throws.</summary>
public sealed class ImageManifestTests
{
    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"layers":null}""")]
    [InlineData("""{"layers":[null]}""")]
    [InlineData("""{"layers":[{"digest":null,"size":1}]}""")]
    [InlineData("""{"layers":[null,null],"config":null}""")]
    public void Read_WithNullsInIt_IsAnError(string text) =>
        Assert.False(ImageManifest.Read("sha256:x", Encoding.UTF8.GetBytes(text)).IsOk);
}
