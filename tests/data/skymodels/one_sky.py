from casatools import componentlist
cl = componentlist()
cl.addcomponent(dir="J2000 23h59m59.9 -00d12m34.5", flux=2.0, freq='150MHz', spectrumtype='spectral index',
                index=-0.7, label='west')
cl.addcomponent(dir="J2000 00h00m00.1 +00d00m01", flux=[1000, 0, 0, 0], fluxunit='mJy', shape='Gaussian',
                majoraxis='1arcmin', minoraxis='30arcsec', positionangle='30deg', freq='0.15GHz',
                spectrumtype='plp', index=[-0.7, 0.1], label='east')
